"""How fast this machine is, and whether that can be believed: `mien bench`.

classify.py, detect.py, pipeline.py and sweep.py measure one thing each: they give stretch.py a step to time.
recorder.py notes meanwhile how the machine fares, honesty.py judges by it, document.py says what a result
is; table.py, page.py and comparison.py show it.
"""
