"""The first that runs in a process for greenlets: gevent's patches, before anything else is imported."""

from __future__ import annotations


def patch() -> None:
    """Patch everything; in half of the time it takes gevent by itself, which looks up its plugins 25 times."""
    from importlib import metadata

    from gevent import monkey

    look_up, found = metadata.entry_points, metadata.entry_points()
    metadata.entry_points = found.select
    try:
        monkey.patch_all()
    finally:
        metadata.entry_points = look_up
