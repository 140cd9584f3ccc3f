"""How the machine fares and what mien does about it.

vitals.py reads, conditions.py says what is wrong, pressure.py decides how to get along with less, and
watch.py makes an event of it when something changed.
"""
