"""Byte streams and listeners over the poll loop."""
