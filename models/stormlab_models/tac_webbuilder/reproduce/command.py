"""``stormlab reproduce``: run what the claims need, judge them, and write the report."""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from stormlab import console
from stormlab.plots import PlotError
from stormlab.replications import ReplicationError
from stormlab.report.page import FigureFile, ReportError
from stormlab.scenario import ScenarioError
from stormlab.statistics import StatisticsError
from stormlab_models.tac_webbuilder import validate
from stormlab_models.tac_webbuilder.reproduce.document import make_document
from stormlab_models.tac_webbuilder.reproduce.evaluate import (
    REPLICATIONS,
    Runs,
    evaluate,
    needs_of,
    phase_table,
)
from stormlab_models.tac_webbuilder.reproduce.plots import make_figures
from stormlab_models.tac_webbuilder.reproduce.register import chosen, load_register
from stormlab_models.tac_webbuilder.reproduce.report import (
    MARKS,
    case_rows,
    claimed_text,
    interval_text,
    render_html,
    render_markdown,
)
from stormlab_models.tac_webbuilder.reproduce.store import Store

_REFUSALS = (ScenarioError, ReplicationError, StatisticsError, ReportError, PlotError)
SHOWN_IN_FULL = 8  # claims; more are a table of one line each


@click.command(short_help="Try every claim of the analysis; write the report.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write report.md, index.html, claims.json and the figures into this folder.",
)
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; repeatable.")
@click.option(
    "--replications",
    type=click.IntRange(2, 1000),
    default=REPLICATIONS,
    show_default=True,
    help="Seeds per case.",
)
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Processes; as many as cores by default."
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def reproduce(
    *,
    out: Path | None,
    claims: tuple[str, ...],
    replications: int,
    workers: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Try every claim of the analysis in the model and say what comes out.

    Prints one line per claim with its verdict: reproduced, refuted, or depends on the mechanism.
    What was run so far survives Ctrl-C when --out is given: the next call goes on from there.
    """
    try:
        register = load_register()
        wanted = chosen(register, claims)
        whole = not claims
        store = Store(out) if out else None
        runs = Runs(needs_of(wanted, phases=whole), replications)
        _run(runs, store, workers, quiet=quiet)
        results = [evaluate(claim, runs) for claim in wanted]
        phases = phase_table(runs) if whole else []
        document = make_document(results, phases, register.left_out, replications)
        if store is not None:
            _write(store, document, runs, workers, quiet=quiet)
    except _REFUSALS as error:
        console.fail(str(error))
    except OSError as error:
        console.fail(f"--out {out}: {error.strerror or error}")
    except KeyboardInterrupt:
        click.echo("stopped; run it again to go on" if out else "stopped", err=True)
        raise SystemExit(console.STOPPED) from None
    if as_json:
        console.print_json(document)
    else:
        _print(document)


def _run(runs: Runs, store: Store | None, workers: int | None, *, quiet: bool) -> None:
    if store is not None:
        runs.values.update(store.finished())
    jobs = len(runs.jobs())
    try:
        with console.progress("running", quiet=quiet) as bar:
            steps = bar.over(range(jobs))

            def done(key: str, values: dict[str, Any]) -> None:
                next(steps, None)
                if store is not None:
                    store.keep(key, values)

            runs.run(workers, done)
            next(steps, None)
    finally:
        if store is not None:
            store.close()


def _write(
    store: Store, document: dict[str, Any], runs: Runs, workers: int | None, *, quiet: bool
) -> None:
    """Make the whole report in a folder beside it, then put it in place."""
    with tempfile.TemporaryDirectory(dir=store.folder, prefix="report-") as name:
        folder = Path(name)
        figures: list[FigureFile] = []
        validation = ""
        if document["phases"]:
            figures = make_figures(folder, runs)
            validation = validate.summary(quiet=quiet, workers=workers)
        markdown = render_markdown(document, figures, validation)
        text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        for file, content in (
            ("report.md", markdown),
            ("index.html", render_html(markdown, figures)),
            ("claims.json", text + "\n"),
        ):
            (folder / file).write_text(content, encoding="utf-8", newline="\n")
        store.publish(folder)


def _print(document: dict[str, Any]) -> None:
    """One line per claim; for a few claims every case as well."""
    claims = document["claims"]
    if len(claims) <= SHOWN_IN_FULL:
        for claim in claims:
            rows = [
                [row["title"], *(_cell(cell) for cell in row["cells"])] for row in case_rows(claim)
            ]
            console.say(f"{claim['id']}: {claim['verdict']} (claimed: {claimed_text(claim)})")
            console.table(["case", *claim["fixes"].values()], rows)
            console.say(claim["reason"] + "\n")
    else:
        rows = [[claim["verdict"], claim["id"], claimed_text(claim)] for claim in claims]
        console.table(["verdict", "claim", "claimed"], rows)
    counts = document["verdicts"]
    console.say(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))


def _cell(cell: dict[str, Any]) -> str:
    mark = f"{MARKS[cell['outcome']]} " if cell["judged"] else "  "
    return mark + interval_text(cell["interval"])
