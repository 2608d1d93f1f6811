"""Runs a program that gevent has patched first: `python -m tests.faults.patched PROGRAM ARGUMENTS`."""

from gevent import monkey

monkey.patch_all()

import runpy
import sys

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
