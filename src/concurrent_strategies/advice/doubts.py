"""What a measured profile could also be: the same at the ends of its errors, one field at a time.

A declared profile has no doubts. Of a measured one, the choice is made for all of them together: `rules.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .profile import WorkloadProfile

#: Below this an error is no matter: the formulas are no better.
SMALL: Final = 0.02
#: No time becomes less than this part of what it was: nobody has measured nothing.
LEAST: Final = 0.1
#: Seconds: a profile takes no more.
MOST: Final = 1e9


def doubts(profile: WorkloadProfile) -> Iterator[WorkloadProfile]:
    """Yield the profiles that this one may be as well."""
    errors = profile.confidence or {}
    duration = (profile.gil_cpu or 0.0) + profile.free_cpu + profile.wait
    if not errors or duration <= 0:
        return
    for name in ("gil_cpu", "free_cpu"):
        # What is not computing under the GIL is computing without it: an error of the one is one of the other.
        other = "free_cpu" if name == "gil_cpu" else "gil_cpu"
        moved = min(errors.get(name, 0.0) * duration, getattr(profile, other) or 0.0)
        if moved > SMALL * duration:
            more = min(MOST, (getattr(profile, name) or 0.0) + moved)
            yield replace(profile, **{name: more, other: getattr(profile, other) - moved})
    for names in (("wait", "async_wait"), ("gil_cpu", "free_cpu", "async_cpu")):
        error = max(errors.get(name, 0.0) for name in names)
        if error > SMALL:
            yield _scaled(profile, names, error, duration, up=True)
            yield _scaled(profile, names, error, duration, up=False)


def _scaled(
    profile: WorkloadProfile, names: tuple[str, ...], error: float, duration: float, *, up: bool
) -> WorkloadProfile:
    """Return a profile whose times of these names are longer, or shorter, by the error, all by the same factor."""
    total = sum(getattr(profile, name) or 0.0 for name in names if not name.startswith("async"))
    if total <= 0:
        return profile
    share = error * duration / total
    factor = 1 + share if up else max(LEAST, 1 / (1 + share))
    changed = {name: min(MOST, getattr(profile, name) * factor) for name in names if getattr(profile, name)}
    if profile.duration_max is not None:
        changed["duration_max"] = min(MOST, max(profile.duration_max, duration * factor))
    return replace(profile, **changed)
