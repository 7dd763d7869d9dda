"""What `tools/test.py` is made of: the set-up of the desktop, the parts of the run, and their report."""
