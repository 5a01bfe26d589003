import gc

import pytest

from stormlab.collector import collector_off


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_is_off_inside_and_afterwards_as_it_was(*, was_on: bool) -> None:
    (gc.enable if was_on else gc.disable)()
    try:
        with collector_off():
            assert not gc.isenabled()
        assert gc.isenabled() is was_on
        with pytest.raises(ZeroDivisionError), collector_off():
            1 / 0  # noqa: B018  whatever a world raises
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
