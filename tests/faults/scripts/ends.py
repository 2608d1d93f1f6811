"""A program that ends with something half used: a stream, a strategy, a run in another thread."""

from __future__ import annotations

import sys
import threading
import time

from tests.faults.specs import await_event, make, say

SPEC, HOW = sys.argv[1:]


def work(item: int) -> int:
    """Take a while."""
    say("busy")
    time.sleep(0.3)
    return item


strategy = make(SPEC, 2)
if HOW == "stream":
    stream = strategy.stream(work, range(200))
    next(stream)
    print("end")
elif HOW == "strategy":
    strategy.__enter__()
    stream = strategy.outcomes(work, range(200))
    next(stream)
    print("end")
elif HOW == "thread":
    threading.Thread(target=strategy.map, args=(work, range(200)), daemon=True).start()
    await_event("busy")
    print("end")
elif HOW == "cycle":
    strategy.__enter__()
    holder = {"stream": strategy.stream(work, range(200))}
    holder["holder"] = holder  # type: ignore[assignment]
    next(holder["stream"])
    print("end")
elif HOW == "locked":
    # Python stops all other threads of a program that ends, wherever they are: say, in the middle of a turn of the
    # engine. None of them may know this module, or its variables would stay as they are.
    stream = strategy.stream(time.sleep, [0.1] * 200)
    next(stream)
    stream._results.gi_frame.f_locals["batches"].gi_frame.f_locals["engine"]._lock.acquire()
    print("end")
elif HOW == "raises":
    for _ in strategy.stream(work, range(200)):
        raise LookupError("the consumer's own")
elif HOW == "exits":
    with strategy, strategy.stream(work, range(200)) as stream:
        next(stream)
        sys.exit(7)
