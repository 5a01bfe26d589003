"""A figure's meaning is its function's own sentence."""

from stormlab_models.tac_webbuilder.reproduce.figure import Figures, Value
from stormlab_models.tac_webbuilder.reproduce.reading import Reading


def test_a_function_becomes_a_figure_under_its_own_name() -> None:
    figures = Figures()

    @figures.add("apples", "median")
    def basket(_: Reading) -> Value:
        """Apples in   the basket."""
        return 3

    figure = figures.by_name["basket"]
    assert (figure.unit, figure.kind, figure.meaning) == (
        "apples",
        "median",
        "Apples in the basket",
    )
    assert figure.read is basket
