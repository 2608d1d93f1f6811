"""Swap the strategy by configuration: the author says what may run concurrently, the user says how."""

import os
import threading

from concurrent_strategies import get_strategy, using


def report(names: list[str]) -> list[str]:
    """Be a library's function: it takes the strategy in force, whatever that is."""
    return get_strategy().map(greet, names)


def greet(name: str) -> str:
    """Say hello, and where from."""
    here = "the main thread" if threading.current_thread() is threading.main_thread() else "a worker thread"
    return f"hello {name} from {here}"


print(report(["Ada"])[0])  # nothing is configured: threads

os.environ["CONCURRENT_STRATEGY"] = "sync"  # as a user would do it in the shell, or in pyproject.toml
print(report(["Ada"])[0])

with using("thread:8?task_timeout=30"):  # a program's own choice wins over the environment
    print(report(["Ada"])[0])
