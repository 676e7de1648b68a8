"""The Python API: the door for programs, with upstream's names."""
