"""Ours beside the bare libraries, interleaved in one run: `python -m benchmarks --help`."""
