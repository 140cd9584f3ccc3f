"""`mien support-bundle`: one file for whoever is to find out what is wrong with a device.

members.py collects what goes in, each text through hiding.py; facts.py knows the machine, journal.py what the
service said; archive.py writes the file.
"""
