"""`AutoLimit`: a `Limit` that is found while the work goes on, by how the other side answers; `"auto"` makes one.

Every run on it tells it of its answers and refusals; what follows from them is decided in `_congestion.py` alone.
"""

from __future__ import annotations

from math import inf

from ._congestion import Congestion
from ._errors import InvalidOption
from ._limit import Limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from ._limit import Lease

MOST = 1000  # calls at once: what asyncio's own costs leave of a gain beyond this is not worth the memory


class Answer:
    """What became of a call: answered if `wait` is `None`, else refused, with the seconds that we were asked to wait.

    `slot` says which worker's call it was, and `seconds` how long it took.
    """

    __slots__ = ("seconds", "slot", "wait")

    def __init__(self, seconds: float, wait: float | None = None, slot: Hashable = "") -> None:
        self.seconds: float = seconds
        self.wait: float | None = wait
        self.slot: Hashable = slot


class AutoLimit(Limit):
    """A bound on the calls at once that is found by trying: for calls to others, who can take more or fewer.

    The limit doubles with each round trip for as long as more calls at once bring more answers a second, then stays
    where that ends, and follows when it moves. A refusal lowers it at once. What counts as one: an HTTP status of 429
    or 503 (its `Retry-After` is obeyed), a refused connection, a `TaskTimeout`, and what `refused` says. Give `retry`
    as well, so that what was refused is run again.

        ThreadStrategy(max_workers="auto")                        # a limit for each opened strategy
        shop = AutoLimit(50, polite=True)                         # one for a host, for all that talk to it
        AsyncioStrategy(max_workers=shop)

    Only strategies whose calls wait make use of it: thread, asyncio, trio, green and auto. On others it stands for
    their default number of workers, as it does for a strategy inside a process, and it bounds that of `executor()`.

    Args:
        most: calls at once that it never goes beyond. Default: 1000, or 256 where each needs a thread; in any case no
            more than half of the file descriptors that are free when the run begins.
        polite: begins with 8 calls at once, and not with 32, and grows with more caution: for servers that refuse.
        refused: tells of an item's error that it is a refusal, too.

    Raises:
        InvalidOption: if `most` is not a whole number above 0, or `refused` cannot be called.

    Attributes:
        n: calls at once, at most, now.

    Cost: 2 to 4 us for each answer that is not one of many short ones, and on threads chunks that grow from one item.
    """

    adapts: bool = True
    due: float = inf

    def __init__(
        self,
        most: int | None = None,
        *,
        polite: bool = False,
        refused: Callable[[BaseException], bool] | None = None,
    ) -> None:
        super().__init__(MOST if most is None else most)
        if refused is not None and not callable(refused):
            raise InvalidOption("refused", refused, "it must be callable: given an error, it tells whether it is one")
        self.refused: Callable[[BaseException], bool] | None = refused
        self._given = most
        self._polite = polite
        self._rule = Congestion(self.most, polite=polite)
        self._resize(self._rule.allowed(0.0))

    def fixed(self, default: int) -> int:
        """Return `default`, or less where `most` says so: for calls that do not wait."""
        return min(self.most, default)

    def expect(self, items: int) -> None:
        """Learn how many items a run has that is about to begin."""
        with self._lock:
            self._rule.expect(items)
            if self.due == inf:
                self._resize(int(self._rule.limit))

    def learn(self, answers: Sequence[Answer], lease: Lease, busy: int, now: float, cpu: float) -> None:
        """Learn what became of calls.

        Args:
            answers: these, in order.
            lease: of the run whose calls they are.
            busy: its calls that were under way until now.
            now: the time.
            cpu: seconds of processor time that this process has used so far.
        """
        with self._lock:
            rule = self._rule
            busy += sum(other.held for other in self._leases if other is not lease)
            for answer in answers:
                if answer.wait is None:
                    rule.answered(answer.seconds, busy, now, cpu)
                else:
                    rule.refused(answer.slot, answer.seconds, busy, now, answer.wait)
            self._resize(rule.allowed(now))
            self.due = rule.due
            rung = self._short(lease)
        for other in rung:
            other.ring()

    def _resize(self, n: int) -> None:
        self._free += n - self.n
        self.n = n

    def __repr__(self) -> str:
        given = [] if self._given is None else [str(self._given)]
        given += ["polite=True"] if self._polite else []
        given += [f"refused={self.refused!r}"] if self.refused is not None else []
        return f"AutoLimit({', '.join(given)})"

    def __reduce__(self) -> tuple[Callable[..., Limit], tuple[object, ...]]:
        # Another process gets one of its own, which has learned nothing yet.
        return _again, (self._given, self._polite, self.refused)


def _again(most: int | None, polite: bool, refused: Callable[[BaseException], bool] | None) -> AutoLimit:
    return AutoLimit(most, polite=polite, refused=refused)
