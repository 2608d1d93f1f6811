"""The rule behind `max_workers="auto"`: how many calls at once the other side takes, learned from how it answers.

The law of this file: a rule needs no thread, no clock, no input and no output. Times and outcomes are arguments.

    slow start      doubles with each round trip, until twice as many calls are answered no faster (Jacobson 1988)
    cruise          (1 + HEAD) x rate x shortest round trip: the bandwidth-delay product (Little 1961, Cardwell 2016)
    drain           every few rounds a quarter less: only where no call waits for another can a round trip be measured
    refusal         what was refused is not started again: what stays under way is what the other side has taken

A round is as many answers as calls at once, so about one round trip; more where answers differ much in time, as the
error of their mean has to stay below a tenth. All seconds are on one clock of the caller's.
"""

from __future__ import annotations

from math import inf, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

START, POLITE_START = 32, 8  # calls at once in the first round trip
FLAT, POLITE_FLAT = 3, 2  # rounds without gain that end the slow start
LEAST = 16  # answers in a round, and half as many in the slow start
GAIN = 1.15  # a rate that is higher by this is higher
QUEUE = 1.5  # a round trip that is longer by this, without gain, ends the slow start at once ...
EVEN = 0.25  # ... if the squared coefficient of variation is below this: else the first answers are just the fast ones
HEAD = 0.25  # calls at once above the product, so that the other side always has one to go on with ...
SPARE = 2  # ... and these
DRAIN = 0.75  # below 1 / (1 + HEAD), or the queue that we are ourselves would be taken for the round trip
LEVEL = 6  # rounds between two drains
TRUST = 2  # drains in a row that may end at the round trip that is known: by chance it may have been one in a queue
CUT = 0.9  # of what is left under way after refusals
SETTLE = 0.01  # seconds until everybody has heard of a cut: what began before that was begun in ignorance
PATIENCE = 2  # refusals of one worker's calls in that time, which is enough for whoever hears at all
PROBE, LONGEST_PROBE = 3, 12  # rounds without refusal, after which one call more is tried
LONGEST_WAIT = 60.0  # seconds of a Retry-After that are believed
STRAINED = 0.95  # of a processor: above this it is this side that is slow


class _Round:
    """What one round trip, more or less, has shown."""

    __slots__ = ("answers", "cpu", "full", "limit", "since", "size", "squares", "started", "total")

    def __init__(self, now: float, cpu: float, limit: float, size: float) -> None:
        self.started = self.since = now
        self.cpu = cpu
        self.limit = limit
        self.size = size
        self.answers = self.full = 0
        self.total = self.squares = 0.0

    def add(self, seconds: float, busy: int, now: float) -> bool:
        """Count an answer; return whether the round is over."""
        if not self.answers:  # nobody may have asked for a while
            self.since = max(self.since, now - seconds)
        self.answers += 1
        self.total += seconds
        self.squares += seconds * seconds
        self.full += busy >= 0.8 * int(self.limit)
        return self.answers >= self.size and now > self.since

    @property
    def seconds(self) -> float:
        """The mean round trip: Little's law is about means, not medians."""
        return self.total / self.answers

    @property
    def spread(self) -> float:
        """The squared coefficient of variation of a round trip."""
        mean = self.seconds
        return max(0.0, self.squares / self.answers / (mean * mean) - 1.0) if mean > 0 else 0.0


class _Ceiling:
    """What refusals have shown to be the most, and how it is tried whether that still holds."""

    __slots__ = ("_every", "_quiet", "_step", "_tried", "value")

    def __init__(self) -> None:
        self.value = inf
        self._every = PROBE
        self._quiet = 0
        self._step = 1.0
        self._tried = False

    def hit(self, again: bool) -> None:
        """Learn of refusals; `again` if they are still the same as before."""
        if not again:
            self._every = min(2 * self._every, LONGEST_PROBE) if self._tried else PROBE
        self._tried, self._step, self._quiet = False, 1.0, 0

    def quiet_round(self, limit: float) -> None:
        """Learn of a round without refusal: after some of them try one call more, and when that goes well, faster."""
        self._quiet += 1
        if self._tried and self._quiet >= 2 and int(limit) >= int(self.value):
            self._tried = False
            self._every = max(2, self._every // 2)
            self._step = min(2 * self._step, max(1.0, 0.25 * self.value))
        if self._quiet >= self._every and limit >= self.value - 1:
            self.value += self._step
            self._quiet, self._tried = 0, True


class Congestion:
    """How many calls may be under way at once, by the answers so far.

    Args:
        most: it never says more than this.
        polite: begins with 8 calls, and not with 32, and gives up sooner when more calls are answered no faster.

    Attributes:
        limit: calls at once.
        due: the time at which `allowed` says something else even if nothing is answered.
    """

    def __init__(self, most: int, *, polite: bool = False) -> None:
        self.limit = float(min(most, POLITE_START if polite else START))
        self.due = inf
        self._most = most
        self._start = self.limit
        self._flats = POLITE_FLAT if polite else FLAT
        self._starting, self._strained = True, False
        self._flat = 0
        self._rate = 0.0  # answers a second
        self._base = inf  # the round trip, where no call waits for another
        self._last = 0.0  # the last one
        self._spread = 0.0
        self._levels = 0  # rounds since the last drain
        self._trusted = 0  # drains that ended at the round trip that was known, since one went to the bottom
        self._drained: tuple[float, float] | None = None  # from which limit and round trip it is being drained
        self._passing = False  # those under way were started under a higher limit
        self._ceiling = _Ceiling()
        self._cut = self._hold = -inf  # when refusals lowered the limit last, and until when that is left to work
        self._under_way = 0.0  # at that time
        self._slots: dict[Hashable, tuple[int, float]] = {}  # whose calls were refused since, how often and when
        self._asked = False  # whether the other side has said how long to wait
        self._suspect: tuple[float, Hashable] | None = None
        self._unrefused = 0  # answers since the last refusal
        self._round = _Round(-inf, 0.0, self.limit, max(LEAST // 2, self.limit))

    def expect(self, items: int) -> None:
        """Learn how many items there will be: a few are done before anything can be learned from them."""
        if self._starting and not self._rate and items < 4 * self._start:
            self.limit = max(self.limit, min(items, 2 * self._start, self._most))

    def allowed(self, now: float) -> int:
        """Return how many calls may be under way now."""
        if self.due < inf:
            if now < self.due:
                return 0
            self.due = inf
        return max(1, int(self.limit + 1e-9))

    # ------------------------------------------------------------------------------------------------- answers

    def answered(self, seconds: float, busy: int, now: float, cpu: float = 0.0) -> None:
        """Learn of an answer.

        Args:
            seconds: its round trip.
            busy: calls that were under way until now, this one included.
            now: the time.
            cpu: seconds of processor time that this process has used so far.
        """
        self._unrefused += 1
        if self._passing and busy > int(self.limit) + 1:
            return
        if self._starting and self.limit < 2 * busy and not self._strained:
            self.limit = min(self._most, self.limit + 1)
        if self._round.started == -inf:
            self._round.started, self._round.cpu = now, cpu
        if not self._round.add(seconds, busy, now):
            return
        if self._passing:
            self._passing = False
        else:
            self._judge(self._round, now, cpu)
        self._begin_round(now, cpu)

    def _begin_round(self, now: float, cpu: float) -> None:
        size = max(LEAST // 2 if self._starting else LEAST, self.limit)
        if not (self._starting or self._passing):
            size = max(size, min(100 * self._spread, 10 * self.limit, 1000))
        self._round = _Round(now, cpu, self.limit, size)

    def _judge(self, done: _Round, now: float, cpu: float) -> None:
        rate, seconds = done.answers / (now - done.since), done.seconds
        self._last, self._spread = seconds, done.spread
        self._strained = cpu - done.cpu > STRAINED * (now - done.started)
        full = 2 * done.full >= done.answers
        if self._starting:
            if full or rate > self._rate:  # else it was the input, or the consumer, that allowed no more
                self._start_slowly(rate, seconds * (1 + sqrt(self._spread / done.answers)))
        elif full:
            if self._ceiling.value < inf and now >= self._hold:
                self._ceiling.quiet_round(self.limit if self._drained is None else 0.0)
            self._cruise(rate, seconds)

    def _start_slowly(self, rate: float, seconds: float) -> None:
        self._flat = 0 if rate >= GAIN * self._rate else self._flat + 1
        self._rate = max(self._rate, rate)
        self._base = min(self._base, seconds)
        if self._flat >= self._flats or (self._flat and seconds > QUEUE * self._base and self._spread < EVEN):
            self._starting = False
            self._drain(min(self.limit, self._aim()), seconds)

    def _cruise(self, rate: float, seconds: float) -> None:
        if self._drained is not None:
            self._look(*self._drained, rate, seconds)
            return
        self._rate = (self._rate + rate) / 2 if self._levels else rate
        self._levels += 1
        aim = self._aim()
        if self._levels > LEVEL and self.limit > 2 * SPARE:
            aim = min(aim, DRAIN * self.limit)
        if aim < 0.9 * self.limit:
            self._drain(DRAIN * self.limit, seconds)  # by no less: a small part of the rate is missed by chance
        else:
            self._grow(aim, self.limit)

    def _look(self, limit: float, before: float, rate: float, seconds: float) -> None:
        """Look at what fewer calls at once have changed: the rate, or how long each has to wait."""
        if seconds > QUEUE * before and self.limit > SPARE:  # something else has happened: look again
            self._rate = rate
            self._drain(DRAIN * self.limit, seconds)
            return
        if rate < (1 + self.limit / limit) / 2 * self._rate:  # they were missed, so nobody waits: here is the bottom
            if seconds > 2 * self._base and self._ceiling.value == inf:  # it was far too low, and so is the limit
                self._starting, self._flat, self._rate = True, 0, rate
                self._base, self._drained = seconds, None
                return
            self._base, self._trusted = seconds, 0
        else:
            known = 0.97 * self._base <= seconds <= 1.1 * self._base and self._trusted < TRUST
            self._trusted += known
            self._base = min(self._base, seconds)
            self._rate = max(rate, 0.9 * self._rate)
            if self.limit > SPARE and not known:
                self._drain(DRAIN * self.limit, seconds)
                return
        self._drained, self._levels = None, 0
        self._grow(self._aim(), limit)

    def _aim(self) -> float:
        return (1 + HEAD) * self._rate * self._base + SPARE

    def _grow(self, aim: float, limit: float) -> None:
        self._set(min(aim, limit) if self._strained else aim)

    def _drain(self, limit: float, seconds: float) -> None:
        self._drained = (self.limit, seconds)
        self._set(limit)

    def _set(self, limit: float) -> None:
        limit = max(1.0, min(limit, self._ceiling.value, self._most))
        self._passing = limit < 0.95 * self.limit
        self.limit = limit

    # ------------------------------------------------------------------------------------------------- refusals

    def refused(self, slot: Hashable, seconds: float, busy: int, now: float, wait: float = 0.0) -> None:
        """Learn of a refusal. One alone, after many answers, says little, and is noted only.

        Args:
            slot: which worker's call it was: each of them can tell only once that there are too many.
            seconds: its round trip; may be shorter than any answer's.
            busy: calls that were under way until now, this one included.
            now: the time.
            wait: seconds that the other side has asked us to wait.
        """
        alone = not self._starting and self._unrefused > max(LEAST, self.limit) / 2
        self._unrefused = 0
        if alone and not wait and now >= self._hold:
            self._suspect = now, slot
            return
        times, last = self._slots.get(slot, (0, now))
        heard = now - seconds > self._cut + SETTLE or (times >= PATIENCE and now > last)
        if heard or now >= self._hold:
            self._refused_anew(seconds, busy, now)
        if wait:
            self._asked, self._hold = True, max(self._hold, now + min(wait, LONGEST_WAIT))
        times, last = self._slots.get(slot, (0, -inf))  # it may have begun anew
        self._slots[slot] = times + (now > last), now
        taken = max(0.0, self._under_way - len(self._slots))
        self._ceiling.value = max(1.0, taken)
        self.limit = max(1.0, min(self.limit, CUT * taken))
        if not taken and self._asked:
            self.due = self._hold
        self._starting = self._passing = False
        self._begin_round(now, 0.0)
        self._round.started = -inf  # until somebody says how much processor time there has been

    def _refused_anew(self, seconds: float, busy: int, now: float) -> None:
        """Begin to count who is refused: these calls were begun under the limit as it is."""
        again = now < self._hold
        if again and self._asked:
            self.due = self._hold
        self._under_way = min(self.limit, busy)
        self._slots = {}
        if self._suspect is not None and self._suspect[0] == now:
            self._slots[self._suspect[1]] = 1, now
        self._suspect = None
        self._cut, self._asked = now, False
        self._hold = max(self._hold, now + max(SETTLE, self._last or 2 * seconds))
        self._drained, self._levels = None, 0
        self._ceiling.hit(again)
