"""The parts of `tools/size.py`: what the library takes on a disk, in a heap, for each client, at the start."""
