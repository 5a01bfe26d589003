"""All figures together: named, told, and read in a worker's way."""

import pickle

import pytest

from stormlab.model import load_scenario, run
from stormlab_models.tac_webbuilder.reproduce.figures import FIGURES, read_figures


def test_every_figure_says_what_it_is_and_in_what_unit() -> None:
    for figure in FIGURES.values():
        assert figure.unit
        assert figure.meaning[0].isupper()
        assert "\n" not in figure.meaning


def test_every_figure_can_be_read_of_any_run() -> None:
    read = pickle.loads(pickle.dumps(read_figures(tuple(FIGURES))))  # noqa: S301  our own bytes
    for name in ("plain", "server-down"):
        values = read(run(load_scenario(name), 0))
        assert set(values) == set(FIGURES)
        for figure in FIGURES.values():
            value = values[figure.name]
            assert value is None or isinstance(value, tuple) == (figure.kind == "share")


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(KeyError, match="battery"):
        read_figures(["battery"])
