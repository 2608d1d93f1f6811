"""The command line: one file per command or idea, put together in `commands.py`.

Nothing is imported here: the fresh processes of `compare`, and their workers, import files of this package and should
not pay for click and rich.
"""
