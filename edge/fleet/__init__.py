"""Many devices at one broker, seen by whoever looks after them.

report.py → roster.py ← listening.py     what the devices say of themselves
         board.py → site.py, table.py    shown as a page, or as a table
index_file.py  judging.py  rollout.py    a model on its way through the fleet
"""
