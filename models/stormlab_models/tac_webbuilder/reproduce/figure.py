"""What a figure is: a named pure function of a run, its unit, and how runs are put together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from stormlab_models.tac_webbuilder.reproduce.reading import Reading

Kind = Literal["mean", "share", "median"]
Value = float | tuple[float, float] | None


@dataclass(frozen=True)
class Figure:
    """A figure of a run.

    ``kind`` says how runs make one value: ``mean`` (t interval), ``share`` (``(successes,
    trials)`` pooled, in percent, Wilson) or ``median`` (order statistics, ``inf`` means never).
    None from ``read``: it does not apply to this run.
    """

    name: str
    unit: str
    kind: Kind
    meaning: str
    read: Callable[[Reading], Value]


class Figures:
    """A set of figures that a module offers."""

    def __init__(self) -> None:
        """Start empty."""
        self.by_name: dict[str, Figure] = {}

    def add(
        self, unit: str, kind: Kind = "mean"
    ) -> Callable[[Callable[[Reading], Value]], Callable[[Reading], Value]]:
        """Register a function under its own name; its docstring is the figure's meaning."""

        def register(read: Callable[[Reading], Value]) -> Callable[[Reading], Value]:
            meaning = " ".join((read.__doc__ or "").split()).removesuffix(".")
            name = read.__name__
            self.by_name[name] = Figure(name, unit, kind, meaning, read)
            return read

        return register
