"""Many simulated devices at one broker: the publisher and the model store are mien's own, the rest is played.

load.py      how many messages the broker gets, and whether each arrives
staged.py    a good and a bad model on their way through the fleet
"""
