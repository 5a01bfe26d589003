"""Reports for people: Markdown fit for a pull request, and one self-contained page of the same.

``page``        Markdown and SVG into one HTML file
``words``       numbers, intervals, text that may stand in Markdown
``comparison``  the report of a comparison of policies: :func:`write_report`
"""

from stormlab.report.comparison import write_report
from stormlab.report.page import FigureFile, ReportError

__all__ = ["FigureFile", "ReportError", "write_report"]
