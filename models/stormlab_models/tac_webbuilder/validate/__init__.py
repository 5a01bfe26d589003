"""Hold the model against measured conditions: read, simulate, compare, say where it disagrees.

The way of the data: :mod:`schema` (the file) → :mod:`translate` (scenarios) → :mod:`predict`
(figures of replications) → :mod:`judge` (by the rules of the measurements) → :mod:`agreement`
(shares, causes) → :mod:`command` and :func:`summary`.
"""


def summary(*, quiet: bool = True, workers: int | None = None) -> str:
    """The agreement with the measured conditions of the project, as Markdown for the report."""
    from stormlab_models.tac_webbuilder.validate.report import markdown  # noqa: PLC0415

    return markdown(quiet=quiet, workers=workers)
