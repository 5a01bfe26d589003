"""The definitions of all figures as Markdown, for ``docs/metrics.md``."""

from collections.abc import Iterator
from itertools import groupby

from stormlab.recovery.example import example
from stormlab.recovery.figure import Figure
from stormlab.recovery.registry import SECTIONS, figures
from stormlab.recovery.run import Recovery

_BETTER = {"lower": "lower is better", "higher": "higher is better", "": "neither is better"}


def definitions() -> str:
    """Every figure with its definition and its value in the example storm, section by section."""
    values = figures(Recovery.of(example()))
    texts = {
        figure.name: figure.text(values[figure.name])
        for section in SECTIONS.values()
        for figure in section
    }
    return "\n\n".join(_paragraphs(texts))


def _paragraphs(texts: dict[str, str]) -> Iterator[str]:
    for title, section in SECTIONS.items():
        yield f"### {title}"
        for _, alike in groupby(section, key=lambda figure: (figure.words, figure.formula)):
            yield _definition(list(alike), texts)


def _definition(alike: list[Figure], texts: dict[str, str]) -> str:
    """One definition; figures that differ only in their quantile share it."""
    first = alike[0]
    names = ", ".join(f"`{figure.name}`" for figure in alike)
    values = ", ".join(texts[figure.name] for figure in alike)
    about = [first.unit, _BETTER[first.better]]
    if first.whole_server:
        about.append("of the whole server, also for a group")
    return (
        f"**{names}** ({'; '.join(about)})<br>\n{first.words}.<br>\n`{first.formula}`<br>\n"
        f"Limits: {first.limits}.<br>\nExample: {values}"
    )
