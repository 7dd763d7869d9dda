"""Tests that run on the target itself: `python3 -m firmware_tests` there, `run.py --target NAME` from a desktop."""
