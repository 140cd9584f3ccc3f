"""`mien setup`: from a fresh device to a running service.

command.py has the flags. interview.py asks, unattended.py goes by the flags; both fill answers.py. cameras.py
finds cameras, looking.py looks through one, hints.py says what would be better, broker.py tries the broker.
session.py leads through it: it puts the answers where places.py says, by files.py all or none, and has
service.py turn the service on.
"""
