"""How long a run would take: one formula per strategy, and nothing else. No choice is made here.

Each strategy is a number of servers at three stations: the GIL, the cores, and a delay where any number may wait. A
run cannot be shorter than the work of its busiest station, so the predicted time is what is paid once (start-up) plus
the largest of these bounds.

    n items; g, f, w, c = g + f, u = g + f + w: seconds per item, see `demands.py`
    k threads, greenlets or tasks; p processes; P usable cores, fractions allowed; b items per chunk
    R other programs that want a core at the same time; share(k) = min(1, P / (k + R)) of a core for each of k workers
    Pe(k) = 1 + (k * share(k) / share(1) - 1) * e   speed-up of k computing workers
    waves(k) = ceil(n / k) * u                      for even items (spread below 0.15), else
               n * u / k + (1 - 1 / k) * (longest - u)
    x = max(x_0, 2 * (arg + result) / BW, 2 * pickle_seconds)

    sync           n * u
    thread k       t_t * k  +  max( n * (g + d_t) * kappa,  n * (c + d_t) / Pe(k),  waves(k) )
    asyncio k      s_l  +  max( n * (a_c + a_b + d_a),  waves(k) of a_c + a_b + a_w )
    green k        start(1)  +  max( n * (c + d_g + x),  waves(k) )             in a patched program no start and no x
    process p      start(p)  +  max( n * (d_b / b + x),  n * (c + d_b / b + x) / Pe(p),  waves(p) )
    p x k threads  start(p) + t_t * k  +  max( as process, but waves(p * k),  n * (g + d_t) * kappa / p )
    p x k tasks    start(p) + s_l  +  max( as process, but waves(p * k),  n * (a_c + a_b + d_a) / p )
    start(p) = s_pool + p * s_launch + max(1, p / P) * (s_boot + import_seconds)
    all            at least n / rate_limit

Coroutines that block (a_b > 0) need an event loop in each thread: t_t + s_l stands for t_t then.

Without a GIL, g counts as f for threads. In a program patched by gevent, threads have one core. f that keeps several
cores busy by threads of its own counts that many times against the cores.

Sources. The largest of the station bounds: asymptotic bounds of operational analysis (Denning and Buzen, "The
operational analysis of queueing network models", 1978). `waves`: after Graham's bound for list scheduling ("Bounds on
multiprocessing timing anomalies", 1969), total / k + (1 - 1 / k) * longest, less what even items do not lose. `Pe`:
Amdahl's law with the same loss for each further core. That rate * u calls at once suffice for a rate: Little's law. The
knee in `sizing.py`: the pool size of Goetz et al. ("Java Concurrency in Practice", 2006), cores * (1 + w / c).
`longest`, where it is not declared: the expected maximum of n draws from a bell curve, about sqrt(2 ln n) standard
deviations above the mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .constants import DEFAULTS, Constants

if TYPE_CHECKING:
    from .._machine import Machine
    from .demands import Demands
    from .plan import Plan
    from .profile import WorkloadProfile


class Bound(NamedTuple):
    """One term of a formula: the station it belongs to, how it is computed, and what it comes to in seconds."""

    station: str
    formula: str
    seconds: float


class Cost(NamedTuple):
    """A predicted run: seconds paid once, and the bounds of which the largest decides."""

    start: float
    bounds: tuple[Bound, ...]

    @property
    def bottleneck(self) -> Bound:
        """The bound that decides."""
        return max(self.bounds, key=lambda bound: bound.seconds)

    @property
    def total(self) -> float:
        """Seconds for the whole run."""
        return self.start + self.bottleneck.seconds


class Model(NamedTuple):
    """The formulas for one piece of work on one machine."""

    profile: WorkloadProfile
    demands: Demands
    machine: Machine
    constants: Constants = DEFAULTS

    def cost(self, plan: Plan) -> Cost:
        """Predict a run under this plan."""
        strategy, k = plan.strategy, plan.workers
        if strategy == "sync":
            cost = Cost(0.0, (Bound("one by one", "n*u", self.demands.items * self.demands.duration),))
        elif strategy == "thread":
            cost = self._thread(k)
        elif strategy == "asyncio":
            cost = self._asyncio(k)
        elif strategy == "green":
            cost = self._green(k)
        else:
            cost = self._process(plan)
        rate = self.profile.rate_limit
        if rate is None or not self.demands.timed:
            return cost
        return Cost(cost.start, (*cost.bounds, Bound("rate", "n/rate", self.demands.items / rate)))

    def speedup(self, workers: float) -> float:
        """Return Pe: how much faster this many computing workers are than one."""
        cores, load = self.machine.cores, self.machine.load
        gain = workers * min(1.0, cores / (workers + load)) / min(1.0, cores / (1 + load))
        return 1 + max(0.0, gain - 1) * self.constants.efficiency

    @property
    def held(self) -> float:
        """Seconds per item for which a thread keeps all others from running Python code."""
        return self.demands.gil if self.machine.gil else 0.0

    @property
    def pickling(self) -> float:
        """Return x: seconds per item to cross a process border and back."""
        it, by_size = self.profile, self.constants.pickle_rate
        size = it.arg_bytes + it.result_bytes
        return max(self.constants.pickle_item, 2 * size / by_size, 2 * it.pickle_seconds)

    @property
    def thread_start(self) -> float:
        """Seconds that each thread takes to start, with its event loop where coroutines that block need one each."""
        of = self.constants
        return of.thread_start + (of.loop_start if self.demands.loop_block > 0 else 0.0)

    def chunk(self, processes: int) -> float:
        """Return b: items that go to a process in one go."""
        most = max(1.0, self.demands.items / processes)
        fits = most if self.demands.duration <= 0 else self.constants.chunk_work / self.demands.duration
        return min(most, max(1.0, fits))

    def _waves(self, at_once: int, duration: float) -> Bound:
        it = self.demands
        if it.spread < 0.15:
            return Bound("waiting", "ceil(n/k)*u", -(-it.items // at_once) * duration)
        stretch = it.longest / it.duration if it.duration > 0 else 1.0
        seconds = it.items * duration / at_once + (1 - 1 / at_once) * duration * (stretch - 1)
        return Bound("waiting", "n*u/k + (1-1/k)*(longest-u)", min(seconds, it.items * duration))

    def _thread(self, k: int) -> Cost:
        it, of = self.demands, self.constants
        thrash = of.thrash if k > 1 else 1.0
        cores = 1.0 if self.machine.gevent_patched else self.speedup(k * it.inner_threads)
        return Cost(
            self.thread_start * k,
            (
                Bound("GIL", "n*(g+d_t)*kappa", it.items * (self.held + of.thread_item) * thrash),
                Bound("cores", "n*(c+d_t)/Pe", it.items * (it.busy + of.thread_item) / cores),
                self._waves(k, it.duration),
            ),
        )

    def _asyncio(self, k: int) -> Cost:
        it, of = self.demands, self.constants
        loop = it.loop_cpu + it.loop_block + of.task_item
        return Cost(
            of.loop_start,
            (
                Bound("loop", "n*(a_c+a_b+d_a)", it.items * loop),
                self._waves(k, it.loop_cpu + it.loop_block + it.loop_wait),
            ),
        )

    def _green(self, k: int) -> Cost:
        it, of = self.demands, self.constants
        in_place = self.machine.gevent_patched
        crossing = 0.0 if in_place else self.pickling
        return Cost(
            0.0 if in_place else self._start(1),
            (
                Bound("loop", "n*(c+d_g+x)", it.items * (it.cpu + of.greenlet_item + crossing)),
                self._waves(k, it.duration),
            ),
        )

    def _process(self, plan: Plan) -> Cost:
        it, of, p = self.demands, self.constants, plan.workers
        crossing = of.chunk_trip / self.chunk(p) + self.pickling
        bounds = [
            Bound("pickling", "n*(d_b/b+x)", it.items * crossing),
            Bound("cores", "n*(c+d_b/b+x)/Pe", it.items * (it.busy + crossing) / self.speedup(p * it.inner_threads)),
            self._waves(plan.calls, it.duration),
        ]
        start = self._start(p)
        if plan.inner == "thread":
            start += self.thread_start * plan.inner_workers
            bounds.append(Bound("GIL", "n*(g+d_t)*kappa/p", it.items * (self.held + of.thread_item) * of.thrash / p))
        elif plan.inner == "asyncio":
            start += of.loop_start
            bounds[2] = self._waves(plan.calls, it.loop_cpu + it.loop_block + it.loop_wait)
            loop = it.loop_cpu + it.loop_block + of.task_item
            bounds.append(Bound("loop", "n*(a_c+a_b+d_a)/p", it.items * loop / p))
        return Cost(start, tuple(bounds))

    def _start(self, p: int) -> float:
        start = self.constants.starts[self.machine.start_method]
        imports = self.profile.import_seconds if start.imports else 0.0
        return start.pool + p * start.launch + max(1.0, p / self.machine.cores) * (start.boot + imports)
