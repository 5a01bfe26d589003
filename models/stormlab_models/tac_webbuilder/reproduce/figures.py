"""Every named figure, and how a run is read into values."""

from collections.abc import Sequence
from dataclasses import dataclass

from stormlab.trace import Trace
from stormlab_models.tac_webbuilder.reproduce import figures_data, figures_page, figures_server
from stormlab_models.tac_webbuilder.reproduce.figure import Figure, Value
from stormlab_models.tac_webbuilder.reproduce.reading import Reading

FIGURES: dict[str, Figure] = {
    **figures_server.FIGURES.by_name,
    **figures_page.FIGURES.by_name,
    **figures_data.FIGURES.by_name,
}


@dataclass(frozen=True)
class ReadFigures:
    """Reads these figures of a trace; picklable, so that it can travel to a worker."""

    names: tuple[str, ...]

    def __call__(self, trace: Trace) -> dict[str, Value]:
        """The values by name."""
        reading = Reading(trace)
        return {name: FIGURES[name].read(reading) for name in self.names}


def read_figures(names: Sequence[str]) -> ReadFigures:
    """A reader of these figures.

    Raises:
        KeyError: for a name that is not a figure.
    """
    return ReadFigures(tuple(sorted({FIGURES[name].name for name in names})))
