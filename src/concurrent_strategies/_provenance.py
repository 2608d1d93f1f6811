"""Where each part of a choice came from: the values that `resolve` returns and `concurrent-strategies config` prints.

A `Layer` is what one place says. Layers are laid over one another, topmost first, down to the first that names a
strategy: what lies below that one was meant for another strategy and is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, final

from typing_extensions import TypeIs

from ._spec import Spec, is_value

if TYPE_CHECKING:
    from ._strategy import Strategy

Kind: TypeAlias = Literal["argument", "using", "environment", "file", "default"]


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """A place where something was set.

    Attributes:
        kind: which of the five places, in order of precedence.
        where: the environment variable, or the file and its table.
        chosen_by: for a profile, the place that asked for it.
    """

    kind: Kind
    where: str = ""
    chosen_by: Origin | None = None

    def __str__(self) -> str:
        names = {"environment": f"environment variable {self.where}", "file": self.where, "using": "using()"}
        own = names.get(self.kind, self.kind)
        return own if self.chosen_by is None else f"{own}, chosen by {self.chosen_by}"


@final
@dataclass(frozen=True, slots=True)
class Setting:
    """One value and the place that set it.

    Attributes:
        key: `"strategy"`, `"inner"`, or an option's name; for an inner strategy's part with `"inner."` before it.
        value: what was set.
        origin: where.
    """

    key: str
    value: object
    origin: Origin


Layer: TypeAlias = Mapping[str, Setting]


@final
@dataclass(frozen=True, slots=True)
class Resolution:
    """What is in force after all places were asked, before anything is built.

    Attributes:
        strategy: the setting that names the strategy, or holds a finished strategy object.
        options: the other settings, sorted by key, without `inner`.
        inner: the same for the inner strategy, or `None`.
    """

    strategy: Setting
    options: tuple[Setting, ...] = ()
    inner: Resolution | None = None

    @property
    def name(self) -> str:
        """The name of the strategy."""
        value = self.strategy.value
        return value if isinstance(value, str) else cast("Strategy", value).name

    @property
    def spec(self) -> str | None:
        """The same as a spec string, or `None` if a part of it is an object that no text can stand for."""
        spec = self._as_spec()
        return None if spec is None else str(spec)

    def _as_spec(self) -> Spec | None:
        inner = None if self.inner is None else self.inner._as_spec()
        lost = self.inner is not None and inner is None
        pairs = [(setting.key, setting.value) for setting in self.options]
        values = tuple((key, value) for key, value in pairs if is_value(value))
        if lost or not isinstance(self.strategy.value, str) or len(values) < len(pairs):
            return None
        return Spec(self.strategy.value, values, inner)

    def settings(self) -> Iterator[Setting]:
        """Go through all parts, the strategy first, those of an inner strategy last (`"inner.max_workers"`)."""
        yield self.strategy
        yield from self.options
        for setting in () if self.inner is None else self.inner.settings():
            key = "inner" if setting.key == "strategy" else f"inner.{setting.key}"
            yield Setting(key, setting.value, setting.origin)

    def layer(self) -> Layer:
        """Return the same as one layer, to lay something over it."""
        parts = {setting.key: setting for setting in (self.strategy, *self.options)}
        if self.inner is not None:
            parts["inner"] = Setting("inner", self.inner, self.inner.strategy.origin)
        return parts


def is_strategy(value: object) -> TypeIs[Strategy]:
    """Tell whether this is a strategy object, by its verb `outcomes`: a stranger's class may be one too."""
    return not isinstance(value, type) and callable(getattr(value, "outcomes", None))
