"""Holds the source to its shape: which way imports go, who may know what, and how big a file may become.

Nothing is imported here: the files are read. A new module must be given its place in LAYERS.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "concurrent_strategies"
SOURCE = Path(__file__).parents[1] / "src" / PACKAGE

# From the bottom to the top: a module imports from its own line and from those above it in this list. A package stands
# for its modules that are not named themselves.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("_errors", "_deaths", "_lock", "_outcome"),
    ("_limit", "_options", "_machine", "_congestion", "_autolimit"),
    ("_strategy",),
    (
        *("_core.port", "_core.run", "_core.rules", "_core.schedule"),
        *("_core.backlog", "_core.ledger", "_core.pace", "_core.shelf", "_core.verdict", "_core.window"),
    ),
    ("_core",),
    ("_core.base", "_core.verb", "_core.verbs", "_executor", "_pool_death", "authors"),
    ("_worker",),  # the far side of a process border
    ("_ports",),
    ("_strategies",),
    ("_registry", "_spec"),
    ("_config", "_layers", "_provenance", "_pyproject", "_values", "advice"),
    ("",),  # the package itself
    ("http", "testing", "cli", "report", "integrations", "__main__"),
)
RULES = (*LAYERS[3], "_congestion")  # the state machine of a run and its parts, and the rule of a limit that adapts

# What is imported only where its own port, strategy or tool is.
FOREIGN: dict[str, set[str]] = {
    "gevent": {"_ports.greenlets", "_ports.green_crew", "_ports.green_worker", "_ports.hub", "_ports.patch"},
    "trio": {"_core.loops", "_strategies.anyio"},
    "dask": {"_strategies.dask"},
    "distributed": {"_strategies.dask"},
    "ray": {"_strategies.ray"},
    "aiohttp": {"http.awaiting", "cli.server"},
}

WAITS = {
    *("_thread", "anyio", "asyncio", "concurrent", "gevent", "io", "multiprocessing", "os", "queue", "sched", "select"),
    *("selectors", "signal", "socket", "socketserver", "subprocess", "sys", "threading", "time", "trio", "datetime"),
}

RUN_WORDS = re.compile(r"(?<![A-Za-z])(ordered|buffersize|on_error|retry|progress)(?![A-Za-z])", re.IGNORECASE)

MOST_LINES, MOST_FUNCTION_LINES, MOST_PARAMETERS = 320, 60, 8
# class -> the base whose private attributes it sets on purpose
SETS_ITS_BASE = {"Lane": ("Telling", "Unannounced"), "GreenBell": ("Bell",), "IsolatedPort": ("Sending",)}
# file or file:function -> the reason why it may be bigger
EXCEPTIONS: dict[str, str] = {}


class Import(NamedTuple):
    """One import statement's target, as a dotted name, and where it stands."""

    importer: str
    target: str
    line: int


def _name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_name(path): path for path in sorted(SOURCE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text()) for name, path in FILES.items()}


def _is_type_checking(test: ast.expr) -> bool:
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def _statements(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run: not those for type checkers, nor those that make a name of the package lazy."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for alternative in child.orelse:
                yield from _statements(alternative)
        elif isinstance(child, ast.FunctionDef) and child.name == "__getattr__" and isinstance(node, ast.Module):
            continue
        elif isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        else:
            yield from _statements(child)


def _targets(module: str, statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    base = statement.module or ""
    if statement.level:
        here = [PACKAGE, *filter(None, module.split("."))]
        up = statement.level - (FILES[module].name == "__init__.py")
        base = ".".join([*here[: len(here) - up], *filter(None, [base])])
    for alias in statement.names:
        inside = f"{base}.{alias.name}"
        yield inside if inside.removeprefix(f"{PACKAGE}.") in FILES else base


def _imports(module: str) -> list[Import]:
    return [
        Import(module, target, statement.lineno)
        for statement in _statements(TREES[module])
        for target in _targets(module, statement)
    ]


IMPORTS = [imported for module in FILES for imported in _imports(module)]


def _own(target: str) -> str | None:
    """Return the name within the package, or None for a foreign module."""
    if target == PACKAGE:
        return ""
    return target.removeprefix(f"{PACKAGE}.") if target.startswith(f"{PACKAGE}.") else None


def _layer(module: str) -> int:
    ranks = {name: rank for rank, names in enumerate(LAYERS) for name in names}
    while module not in ranks and "." in module:
        module = module.rpartition(".")[0]
    assert module in ranks, f"{module} has no place in LAYERS"
    return ranks[module]


def _wrong(condition: Callable[[Import], bool]) -> list[str]:
    return [f"{FILES[i.importer].name}:{i.line}: {i.importer} -> {i.target}" for i in IMPORTS if condition(i)]


def test_imports_go_one_way() -> None:
    """A module imports only from its own layer or a lower one, also inside functions."""

    def upward(imported: Import) -> bool:
        own = _own(imported.target)
        return own is not None and _layer(own) > _layer(imported.importer)

    assert _wrong(upward) == []


def test_no_import_cycles() -> None:
    """No module reaches itself by following imports, also those inside functions."""
    # A module that is run as a script may import itself by its right name.
    graph = {name: {own for i in _imports(name) if (own := _own(i.target)) in FILES} - {name} for name in FILES}

    def reached(front: set[str]) -> set[str]:
        seen: set[str] = set()
        while front:
            seen |= front
            front = {after for module in front for after in graph[module]} - seen
        return seen

    assert [module for module, imported in graph.items() if module in reached(imported)] == []


def test_the_rules_of_a_run_cannot_wait() -> None:
    """`_core/run.py` and its parts import nothing that has a thread, a loop, a clock or input and output."""
    assert _wrong(lambda i: i.importer in RULES and i.target.partition(".")[0] in WAITS) == []


def test_the_engine_knows_no_port_and_no_strategy() -> None:
    """`_core` never imports from `_ports` or `_strategies`."""
    above = tuple(f"{PACKAGE}.{name}" for name in ("_ports", "_strategies"))
    assert _wrong(lambda i: i.importer.startswith("_core") and i.target.startswith(above)) == []


def test_no_strategy_imports_another() -> None:
    """A file of `_strategies` can be read, and deleted, alone."""
    mine = f"{PACKAGE}._strategies."
    assert _wrong(lambda i: i.importer.startswith("_strategies.") and i.target.startswith(mine)) == []


def test_foreign_libraries_stay_in_their_own_file() -> None:
    """Gevent, trio, dask, ray and aiohttp are imported nowhere but in the files that exist for them."""

    def stray(imported: Import) -> bool:
        library = imported.target.partition(".")[0]
        return library in FOREIGN and imported.importer not in FOREIGN[library]

    assert _wrong(stray) == []


def test_ports_and_strategies_know_nothing_of_the_rules() -> None:
    """No file of `_ports` or `_strategies` has a word for order, windows, failures, attempts or bars."""
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for name, path in FILES.items()
        if name.startswith(("_ports", "_strategies"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if RUN_WORDS.search(line)
    ]
    assert found == []


def _private(cls: ast.ClassDef) -> set[str]:
    """Return the private attributes that a class sets when it is made."""
    inits = [node for node in cls.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return {
        node.attr
        for init in inits
        for node in ast.walk(init)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr.startswith("_")
        and isinstance(node.value, ast.Name) and node.value.id == "self"
    }  # fmt: skip


def test_no_class_sets_what_is_private_to_its_base() -> None:
    """It would be by chance, and no type checker says so where both are of one type."""
    classes = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    private: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    for cls in classes:
        private.setdefault(cls.name, set()).update(_private(cls))
        named = {node.id for base in cls.bases for node in ast.walk(base) if isinstance(node, ast.Name)}
        bases.setdefault(cls.name, set()).update(named & {other.name for other in classes} - {cls.name})
    found = []
    for name, own in private.items():
        above, todo = set[str](), [name]
        while todo:
            new = bases[todo.pop()] - above
            above |= new
            todo += new
        found += [(name, base) for base in above if own & private[base] and base not in SETS_ITS_BASE.get(name, ())]
    assert found == []


def test_files_stay_short() -> None:
    """Each file of the package fits into one reading."""
    sizes = {path.relative_to(SOURCE).as_posix(): path.read_text().count("\n") for path in FILES.values()}
    assert {path: size for path, size in sizes.items() if size > MOST_LINES and path not in EXCEPTIONS} == {}


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for name, path in FILES.items():
        for node in ast.walk(TREES[name]):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(SOURCE).as_posix()}:{node.name}", node


def test_functions_stay_short() -> None:
    """Each function fits on a screen, its docstring included."""
    sizes = {name: (node.end_lineno or node.lineno) - node.lineno + 1 for name, node in _functions()}
    assert {name: n for name, n in sizes.items() if n > MOST_FUNCTION_LINES and name not in EXCEPTIONS} == {}


def test_functions_take_few_parameters() -> None:
    """What needs many parameters has an object for them."""

    def count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        return sum(argument.arg not in ("self", "cls") for argument in named)

    sizes = {name: count(node) for name, node in _functions()}
    assert {name: n for name, n in sizes.items() if n > MOST_PARAMETERS and name not in EXCEPTIONS} == {}


def test_every_exception_is_needed() -> None:
    """An exception from a budget that is no longer used is taken out again."""
    long_files = {
        path.relative_to(SOURCE).as_posix() for path in FILES.values() if path.read_text().count("\n") > MOST_LINES
    }
    long_functions = {
        name for name, node in _functions() if (node.end_lineno or node.lineno) - node.lineno >= MOST_FUNCTION_LINES
    }
    assert set(EXCEPTIONS) <= long_files | long_functions


def test_every_file_says_its_law() -> None:
    """The first lines of each file say what belongs in it."""
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == []
