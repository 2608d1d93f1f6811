"""CPython's own tests of executors, on `strategy.executor()`, taken from the interpreter that runs this.

They are there from 3.13 on, where the interpreter has its `test` package; elsewhere this file has nothing to run, and
`.ci/run` says which interpreters there were. What is left out stands in `LEFT_OUT`, each with its reason.
"""

from __future__ import annotations

import unittest
from collections.abc import Callable
from concurrent.futures import Executor
from importlib.util import find_spec
from typing import Any

from concurrent_strategies import GreenStrategy, ProcessStrategy, ThreadStrategy

PRIVATE = "looks into private attributes of the standard library's classes"
PROGRAM = "starts a program that names the standard library's class; its twin is in test_shutdown.py"
ONE_DEATH = "demands that one death breaks the whole pool; here it costs the calls under way"

LEFT_OUT = {
    "test_interpreter_shutdown": PROGRAM,
    "test_submit_after_interpreter_shutdown": PROGRAM,
    "test_hang_gh83386": PROGRAM,
    "test_exit_at_task_unpickle": ONE_DEATH,
    "test_error_at_task_unpickle": ONE_DEATH,
    "test_error_during_result_unpickle_in_result_handler": ONE_DEATH,
    "test_exit_during_result_unpickle_in_result_handler": ONE_DEATH,
    "test_crash_big_data": "fills a private queue of the standard library's class",
    "test_gh105829_should_not_deadlock_if_wakeup_pipe_full": PRIVATE,
    "test_shutdown_deadlock_pickle": PRIVATE,
}


def _makes(strategy: Callable[..., Any]) -> Callable[..., Executor]:
    def executor_type(max_workers: int | None = None, mp_context: object = None, **settings: Any) -> Executor:
        return strategy(max_workers, **settings).executor()

    return executor_type


KINDS: dict[str, Callable[..., Executor]] = {
    "Thread": _makes(ThreadStrategy),
    "Forkserver": _makes(lambda n, **s: ProcessStrategy(n, start_method="forkserver", **s)),
    "Spawn": _makes(lambda n, **s: ProcessStrategy(n, start_method="spawn", **s)),
    "Green": _makes(GreenStrategy),
}
METHODS = {"Forkserver": "forkserver", "Spawn": "spawn"}


def _cases() -> dict[str, type[unittest.TestCase]]:
    """Combine every mixin of tests with every kind of executor, as CPython does."""
    if find_spec("test") is None or find_spec("test.test_concurrent_futures") is None:
        return {}
    try:
        from test.test_concurrent_futures import executor, test_as_completed, test_deadlock, test_shutdown, test_wait
        from test.test_concurrent_futures.util import BaseTestCase, ExecutorMixin
    except ImportError:  # before 3.13 it is one file, whose mixins cannot be taken apart
        return {}
    mixins = {
        "Executor": executor.ExecutorTest,
        "Wait": test_wait.WaitTests,
        "AsCompleted": test_as_completed.AsCompletedTests,
        "Shutdown": test_shutdown.ExecutorShutdownTest,
    }
    made: dict[str, type[unittest.TestCase]] = {}
    for kind, make in KINDS.items():
        combined = dict(mixins)
        if kind in METHODS:
            combined["Deadlock"] = test_deadlock.ExecutorDeadlockTest
        for name, mixin in combined.items():
            body: dict[str, Any] = {"executor_type": staticmethod(make), "__module__": __name__}
            if kind in METHODS:
                body["ctx"] = METHODS[kind]
            body.update(dict.fromkeys(LEFT_OUT.keys() & set(dir(mixin))))
            made[f"Test{kind}{name}"] = type(f"Test{kind}{name}", (mixin, ExecutorMixin, BaseTestCase), body)
    return made


globals().update(_cases())
