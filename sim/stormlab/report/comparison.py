"""The report of a comparison: ``report.md``, fit for a pull request, and ``index.html``.

>>> from pathlib import Path
>>> from stormlab.report import write_report
>>> write_report(comparison, Path("result"))  # doctest: +SKIP

The same comparison gives the same bytes: no dates, no times taken, nothing of the machine.
"""

from pathlib import Path

from stormlab.compare import Comparison
from stormlab.plots_compare import Picture
from stormlab.report.comparison_pictures import pictures
from stormlab.report.comparison_text import heading, values
from stormlab.report.page import FigureFile, render_markdown, render_page
from stormlab.report.words import prose

COLOURS = {"better": "yes", "worse": "no"}


def write_report(comparison: Comparison, folder: Path, command: str = "") -> list[Path]:
    """Write the pictures, ``report.md`` and ``index.html`` into a folder that exists.

    ``command``: the command line that finds the same again. Files are written one after the other:
    give a folder that is put in its place when it is complete.

    Raises:
        PlotError, ReportError: one line, when an extra is missing; OSError: as from writing.
    """
    figures = [
        FigureFile(picture.save(folder / f"{picture.name}.svg"), *_told(picture))
        for picture in pictures(comparison)
    ]
    markdown = render_markdown(
        __package__ or "",
        "comparison.md.jinja",
        **values(comparison, command),
        figures=figures,
        filters={"prose": prose},
    )
    page = render_page(markdown, figures, heading(comparison), COLOURS)
    written = [figure.path for figure in figures]
    for name, content in (("report.md", markdown), ("index.html", page)):
        path = folder / name
        path.write_text(content, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _told(picture: Picture) -> tuple[str, str, str]:
    return picture.title, picture.caption, picture.alt
