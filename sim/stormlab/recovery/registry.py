"""All figures of a recovery by name; ``docs/metrics.md`` is written from here."""

from collections.abc import Mapping
from types import MappingProxyType

from stormlab.recovery.figure import Figure, Value
from stormlab.recovery.figures_of_clients import BACK, LOSSES, USERS
from stormlab.recovery.figures_of_load import BYTES, COLLAPSE, LOAD, RHYTHM, SERVER, SUCCESS
from stormlab.recovery.run import Recovery

SECTIONS: Mapping[str, tuple[Figure, ...]] = MappingProxyType(
    {
        "Time to reconnect": BACK,
        "Losses": LOSSES,
        "Load": LOAD,
        "Handshake bytes": BYTES,
        "Success": SUCCESS,
        "Server": SERVER,
        "Rhythm": RHYTHM,
        "What users see": USERS,
        "Collapse": COLLAPSE,
    }
)
FIGURES: Mapping[str, Figure] = MappingProxyType(
    {figure.name: figure for section in SECTIONS.values() for figure in section}
)


def figures(recovery: Recovery, group: int | str | None = None) -> dict[str, Value]:
    """Every figure of a run by name, for all clients or one group of them.

    Raises:
        ValueError: for a group that the trace does not name.
    """
    of = recovery if group is None else recovery.group(group)
    return {name: figure.of(of) for name, figure in FIGURES.items()}
