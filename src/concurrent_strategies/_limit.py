"""How many calls may be under way at once, shared fairly: by the runs of one strategy, or by whoever is given it.

Nothing here waits. A lease that wants more than it has is told later, by the callable it came with, to ask again.
"""

from __future__ import annotations

from math import inf

from ._errors import InvalidOption
from ._lock import make_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Limit:
    """A bound on the calls under way at once, over every strategy and run that is given the same object.

    For what has a capacity of its own, such as the connections of a database:

        database = Limit(10)
        ThreadStrategy(max_workers=database)
        AsyncioStrategy(max_workers=database)

    Args:
        n: calls at once, at most.

    Raises:
        InvalidOption: if `n` is not a whole number above 0.
    """

    #: Whether `n` follows what becomes of the calls.
    adapts: bool = False
    #: When `n` changes by itself.
    due: float = inf

    def __init__(self, n: int) -> None:
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            allowed = "max_workers must be greater than 0, a whole number, a Limit or 'auto'"
            raise InvalidOption("max_workers", n, allowed)
        self.n: int = n
        self.most: int = n
        self._lock = make_lock()
        self._free = n
        self._leases: list[Lease] = []

    def fixed(self, default: int) -> int:
        """Return how many workers there are to be where `n` does not change while they work."""
        return self.n

    def lease(self, ring: Callable[[], None], *, most: int | None = None, lent: int = 0) -> Lease:
        """Take part in the limit.

        Args:
            ring: called, from any thread, when it pays to ask again.
            most: permits this lease never asks beyond.
            lent: permits that come on top: a run inside a worker gets that worker's own, which waits meanwhile.
        """
        lease = Lease(self, ring, self.most if most is None else most, lent)
        with self._lock:
            self._leases.append(lease)
        return lease

    def ring(self) -> None:
        """Have every lease look again."""
        with self._lock:
            leases = list(self._leases)
        for lease in leases:
            lease.ring()

    def _short(self, asking: Lease) -> list[Lease]:
        """Return who else would really get something: runs that ring each other in vain would never rest."""
        if self._free <= 0 or len(self._leases) == 1:
            return []
        return [other for other in self._leases if other is not asking and other._own < other._share()]

    def __repr__(self) -> str:
        return f"Limit({self.n})"

    def __reduce__(self) -> tuple[Callable[..., Limit], tuple[object, ...]]:
        # Threads of one process share it. Another process gets a limit of its own, of the same size.
        return Limit, (self.n,)


class Lease:
    """One run's part of a `Limit`; `held` is how many calls it may have under way."""

    def __init__(self, limit: Limit, ring: Callable[[], None], most: int, lent: int) -> None:
        self._limit = limit
        self._most = most
        self.ring = ring
        self._lent = lent
        self._own = 0
        self._wanted = 0

    @property
    def held(self) -> int:
        """Calls this run may have under way now."""
        return self._own + self._lent

    def adjust(self, wanted: int, busy: int) -> int:
        """Ask for `wanted` calls at once, of which `busy` are under way and cannot be given back now.

        Returns:
            how many may be started or going on from now on; may be less than `busy`, then let some end first.
        """
        limit = self._limit
        wanted = max(0, min(wanted, self._most) - self._lent)
        busy = max(0, busy - self._lent)
        if wanted == self._wanted == self._own and limit._free >= 0 and len(limit._leases) == 1:
            return self.held
        with limit._lock:
            self._wanted = wanted
            target = self._share()
            keep = max(target, min(busy, self._own))
            if keep < self._own:
                limit._free += self._own - keep
                self._own = keep
            elif keep > self._own:
                more = max(0, min(keep - self._own, limit._free))  # below 0 is what has to be given back first
                limit._free -= more
                self._own += more
            rung = limit._short(self)
        for other in rung:
            other.ring()
        return min(self.held, target + self._lent)

    def _share(self) -> int:
        """Return what is fair: all that is wanted while nobody goes short, else about equal parts of what there is."""
        limit = self._limit
        if not limit.n:
            return 0
        hungry = [lease for lease in limit._leases if lease._wanted]
        if len(hungry) > limit.n and self._wanted:
            # More runs than permits: whoever has one lets it go after its chunk if somebody has none, in turns.
            starving = any(lease._own == 0 for lease in hungry if lease is not self)
            return 0 if starving and self._own else 1
        left = limit.n
        for count, lease in zip(range(len(hungry), 0, -1), sorted(hungry, key=_wanted), strict=True):
            part = min(lease._wanted, left // count)
            if lease is self:
                return part
            left -= part
        return 0

    def end(self) -> None:
        """Give everything back."""
        limit = self._limit
        with limit._lock:
            if self not in limit._leases:
                return
            limit._leases.remove(self)
            limit._free += self._own
            self._own = self._wanted = 0
            others = list(limit._leases)
        for other in others:
            other.ring()


def _wanted(lease: Lease) -> int:
    return lease._wanted
