"""The kinds of workers there are: one file each, all behind the seam of `_core/port.py`."""
