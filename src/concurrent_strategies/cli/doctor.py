"""`doctor`: what this machine and this installation offer, and what is missing."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Final

import click

from .. import Machine
from .._machine import core_limits
from .._registry import available

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Distribution -> what it is for, and how to get it if that is not how this package was installed.
PACKAGES: Final = {
    "anyio": ("strategy asyncio", "pip install anyio"),
    "aiohttp": ("http.fetch on an event loop", "pip install aiohttp"),
    "gevent": ("strategy green", "pip install gevent"),
    "cloudpickle": ("lambdas and closures in processes", "pip install cloudpickle"),
    "trio": ("strategy trio", "pip install 'concurrent-strategies[trio]'"),
    "uvloop": ("asyncio?loop=uvloop", "pip install 'concurrent-strategies[uvloop]'"),
    "rich": ("this command line", "pip install 'concurrent-strategies[cli]'"),
}
FEW_DESCRIPTORS: Final = 1024  # two for each connection: the usual limit is reached with 500 of them


@click.command()
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def doctor(in_json: bool) -> None:
    """Show what this machine offers, what is installed, and what stands in the way."""
    machine, packages, remarks = Machine.detect(), _packages(), []
    remarks = list(_remarks(machine))
    if in_json:
        shown = {
            "machine": asdict(machine),
            "core_limits": core_limits(),
            "packages": packages,
            "strategies": {entry.name: entry.reason or "available" for entry in available()},
            "remarks": remarks,
        }
        click.echo(json.dumps(shown, indent=2))
        return
    from .tables import table

    table(("this machine", ""), _facts(machine))
    rows = [(name, version or "missing", *PACKAGES[name]) for name, version in packages.items()]
    table(
        ("package", "version", "for", "to get it"), [(*row[:3], row[3] if row[1] == "missing" else "") for row in rows]
    )
    strategies = [(entry.name, "yes" if entry.available else f"no: {entry.reason}") for entry in available()]
    table(("strategy", "available"), strategies)
    for remark in remarks:
        click.echo(f"- {remark}")


def _packages() -> dict[str, str | None]:
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _facts(machine: Machine) -> Iterator[tuple[str, str]]:
    limits = ", ".join(f"{origin} {number:g}" for origin, number in core_limits().items())
    yield "Python", f"{platform.python_implementation()} {platform.python_version()} on {machine.platform}"
    yield "usable cores", f"{machine.cores:g} (the least of: {limits})"
    yield "GIL", "yes: one thread at a time runs Python code" if machine.gil else "no: threads run on all cores"
    yield "processes are started by", machine.start_method
    yield "available memory", "unknown" if machine.memory is None else f"{machine.memory / 2**30:,.1f} GiB"
    yield "open files, at most", _limit(machine.descriptors)
    yield "processes and threads, at most", _limit(machine.processes)


def _limit(number: int | None) -> str:
    return "no limit known" if number is None else f"{number:,}"


def _remarks(machine: Machine) -> Iterator[str]:
    if machine.cores < 2:
        yield f"{machine.cores:g} usable cores: processes cannot speed up computing here; waiting still overlaps."
    if machine.descriptors is not None and machine.descriptors <= FEW_DESCRIPTORS:
        most = machine.descriptors // 2
        yield f"{machine.descriptors} open files allow some {most} connections at once; raise it with: ulimit -n 65536"
    if machine.platform != "linux":
        yield f"This library is tested on Linux; on {machine.platform} it is written for, and untested."
    for entry in available():
        if not entry.available:
            yield f"Strategy {entry.name}: {entry.reason}"
