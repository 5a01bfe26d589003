"""The nightly hunt: Hypothesis draws worlds that differ every time, and remembers what broke.

The breach is made smaller by :mod:`.shrink`, as in every other budget, so that a world shrinks to
the same smallest one whoever found it.
"""

from collections.abc import Callable
from pathlib import Path

from stormlab.check.batch import settled_s
from stormlab.check.guard import CheckError
from stormlab.check.see import Target
from stormlab.properties.promises.load import fooled_s
from stormlab.properties.promises.promise import Tier
from stormlab.worlds.written import World

MISSING = "the nightly budget needs Hypothesis: pip install hypothesis"


class _Broken(Exception):  # noqa: N818  never seen by anybody but Hypothesis
    """A world that breaks a promise."""


def hunt(
    tier: Tier,
    target: Target,
    count: int,
    folder: Path | None,
    breaks: Callable[[World], bool],
) -> bool:
    """Show up to ``count`` worlds to ``breaks``, until it says True; tells whether it did.

    ``folder``: Hypothesis's database of examples; those that broke something come first.

    Raises:
        CheckError: when Hypothesis is not installed.
    """
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, settings  # noqa: PLC0415
        from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: PLC0415
    except ImportError:
        raise CheckError(MISSING) from None
    from stormlab.strategies import worlds  # noqa: PLC0415  as above

    @settings(
        max_examples=count,
        database=None if folder is None else DirectoryBasedExampleDatabase(folder / tier),
        derandomize=False,
        deadline=None,
        phases=(Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(worlds(tier, settled_s(target), fooled_s(target.subject)))
    def show(world: World) -> None:
        if breaks(world):
            raise _Broken

    try:
        show()
    except _Broken:
        return True
    return False
