"""The matrix of policies by promises: Markdown, and one page with every counterexample.

Signs, not colours alone, tell the answers apart. Columns carry short codes; a table tells what they
stand for.
"""

import html
from collections.abc import Iterator, Sequence

from stormlab.judging.matrix import SIGNS, THEMES, Breach, Cell, Column, Matrix, Row
from stormlab.report.page import render_page, slug
from stormlab.report.words import cell, code, prose

TITLE = "Every policy through every promise"
FOLDER = "counterexamples"
LEGEND = {
    Cell.HOLDS: "holds in every world tried",
    Cell.BROKEN: "broken; a smallest world shows it",
    Cell.OPEN: "undecided: no world tried showed what the promise needs",
    Cell.OUTSIDE: "does not apply, as a breaker's promise to a policy without one",
}
REMARKED = "*"  # beside the sign of a broken promise
_REMARKS = "broken, and meant so, or not the library's doing: the list below says why"
_ABOUT = (
    "Each policy of the catalogue, as it is shipped and with its defaults, was tried in the same"
    " small worlds and held to each promise. The bound of a promise is computed from what the"
    " policy itself declares. A promise is this project's, not the library's: a broken one says"
    " what the policy does, not that its authors did not mean it to. What holds, holds in the"
    " worlds that were tried."
)
_STYLE = """<style>
body { max-width: 80rem; }
.matrix td, .matrix th { padding: .1rem .3rem; text-align: center; vertical-align: middle;
  line-height: 1.35; min-width: 1.55rem; white-space: nowrap; }
.matrix th[scope=row] { text-align: left; font-weight: normal; white-space: nowrap; }
.matrix .kind th { border-top: 2px solid var(--ink); font-size: .8rem; }
.matrix .kind th:first-child { text-align: left; font-weight: bold; font-size: .95rem; }
.matrix .edge { border-left: 1px solid var(--line); }
.matrix .b { background: color-mix(in srgb, var(--no) 16%, transparent); }
.matrix .b a { color: var(--no); font-weight: bold; text-decoration: none; display: block; }
.matrix .h { color: var(--yes); } .matrix .u { color: var(--maybe); font-weight: bold; }
.matrix tbody tr:hover { background: var(--soft); }
.matrix abbr { text-decoration: none; cursor: help; }
.breach { margin: .4rem 0 1.2rem; padding-left: .9rem; border-left: 3px solid var(--no); }
.breach pre { margin: .3rem 0; padding: .4rem .6rem; background: var(--soft); overflow-x: auto;
  font-size: .82rem; line-height: 1.4; } .breach p { margin: .2rem 0; }
:target { outline: 2px solid var(--link); outline-offset: .3rem; }
</style>"""
_CLASSES = {Cell.HOLDS: "h", Cell.BROKEN: "b", Cell.OPEN: "u", Cell.OUTSIDE: "n"}


def markdown(matrix: Matrix) -> str:
    """The matrix fit for a pull request; counterexamples as links to their files."""
    parts = [*_head(matrix), "## The matrix"]
    for kind, rows in matrix.kinds:
        headings = [f"**{kind}**", "broken", *(column.code for column in matrix.columns)]
        lines = [
            [code(row.name), _sum(row), *(_sign(row, column) for column in matrix.columns)]
            for row in rows
        ]
        parts.append(_table(headings, lines))
    parts += [*_promises(matrix), "## What breaks what"]
    parts += [line for row in matrix.rows if row.breaches for line in _listed(matrix, row)]
    return "\n\n".join(parts) + "\n"


def page(matrix: Matrix) -> str:
    """The same for a browser: each broken cell leads to its counterexample.

    Raises:
        ReportError: when markdown-it-py or jinja2 is missing.
    """
    parts = [*_head(matrix), _STYLE, "## The matrix", "\n".join(_html(matrix))]
    parts += [*_promises(matrix), "## Counterexamples"]
    for row in matrix.rows:
        if row.breaches:
            parts += [f"### {prose(row.name)} {prose(row.version)}", code(row.source)]
            parts += ["\n".join(_breach(matrix, row, each)) for each in row.breaches]
    return render_page("\n\n".join(parts), [], TITLE, {})


def _head(matrix: Matrix) -> list[str]:
    signs = [f"- {SIGNS[each]} {told}" for each, told in LEGEND.items()]
    signs.insert(2, f"- {SIGNS[Cell.BROKEN]}\\{REMARKED} {_REMARKS}")
    themes = ", ".join(f"{letter} {theme}" for letter, (theme, _) in THEMES.items())
    return [
        f"# {TITLE}",
        f"**{prose(matrix.headline)}.**",
        prose(_ABOUT),
        "\n".join(signs),
        f"Columns: {themes}. The promises are listed under the matrix.",
        f"Budget `{matrix.budget}`; the same command gives the same files:",
        f"```sh\n{matrix.command} --out DIR\n```",
    ]


def _promises(matrix: Matrix) -> list[str]:
    rows = []
    for column in matrix.columns:
        broken, decided = matrix.tally(column)
        tally = f"{broken} of {decided}"
        rows.append([column.code, code(column.name), prose(column.promise.statement), tally])
    return ["## The promises", _table(["", "promise", "statement", "broken by"], rows)]


def _listed(matrix: Matrix, row: Row) -> Iterator[str]:
    yield f"**{code(row.name)}** {prose(row.version)}"
    yield "\n".join(
        f"- {_code(matrix, each)} [{prose(each.promise)}]({_file(row, each)}): {prose(each.reason)}"
        + (f"; {prose(each.remark)}" if each.remark else "")
        for each in row.breaches
    )


def _sign(row: Row, column: Column, star: str = f"\\{REMARKED}") -> str:
    sign = SIGNS[row.cells[column.name]]
    remarked = any(each.remark for each in row.breaches if each.promise == column.name)
    return sign + star if remarked else sign


def _code(matrix: Matrix, breach: Breach) -> str:
    return next(column.code for column in matrix.columns if column.name == breach.promise)


def _file(row: Row, breach: Breach) -> str:
    return f"{FOLDER}/{row.file(breach.promise)}"


def _sum(row: Row) -> str:
    return f"{row.count(Cell.BROKEN)} of {row.applying}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


# --- the page ------------------------------------------------------------------------------------


def _html(matrix: Matrix) -> Iterator[str]:
    """The matrix as one table, its headings again for each kind; no line may be empty."""
    edges = _edges(matrix.columns)
    yield '<div class="table"><table class="matrix">'
    for kind, rows in matrix.kinds:
        yield f'<tbody>\n<tr class="kind"><th scope="rowgroup">{html.escape(kind)}</th>'
        yield '<th scope="col">broken</th>'
        yield from (_heading(column, edge=column.code in edges) for column in matrix.columns)
        yield "</tr>"
        for row in rows:
            yield f'<tr><th scope="row">{html.escape(row.name)}</th><td>{_sum(row)}</td>'
            yield from (_cell(row, column, column.code in edges) for column in matrix.columns)
            yield "</tr>"
        yield "</tbody>"
    tallies = [(column.code in edges, *matrix.tally(column)) for column in matrix.columns]
    yield '<tfoot>\n<tr class="kind"><th scope="row">broken by ... policies</th>'
    yield f"<td>{matrix.breaches}</td>"
    yield from (f"<td{_edge(edge)}>{broken}</td>" for edge, broken, _ in tallies)
    yield '</tr>\n<tr><th scope="row">of ... decided</th>'
    yield f"<td>{sum(decided for _, _, decided in tallies)}</td>"
    yield from (f"<td{_edge(edge)}>{decided}</td>" for edge, _, decided in tallies)
    yield "</tr>\n</tfoot>"
    yield "</table></div>"


def _edges(columns: Sequence[Column]) -> set[str]:
    """The first column of each theme."""
    first: dict[str, str] = {}
    for column in columns:
        first.setdefault(column.theme, column.code)
    return set(first.values())


def _edge(edge: bool) -> str:  # noqa: FBT001  one flag
    return ' class="edge"' if edge else ""


def _heading(column: Column, *, edge: bool) -> str:
    told = html.escape(f"{column.name}: {column.promise.statement}", quote=True)
    return f'<th scope="col"{_edge(edge)}><abbr title="{told}">{column.code}</abbr></th>'


def _cell(row: Row, column: Column, edge: bool) -> str:  # noqa: FBT001  as above
    answer = row.cells[column.name]
    sign, classes = _sign(row, column, REMARKED), _CLASSES[answer] + (" edge" if edge else "")
    if answer is not Cell.BROKEN:
        return f'<td class="{classes}">{sign}</td>'
    label = html.escape(f"{row.name} breaks {column.name}", quote=True)
    return (
        f'<td class="{classes}"><a href="#{_id(row, column.name)}" title="{label}">{sign}</a></td>'
    )


def _id(row: Row, promise: str) -> str:
    return f"{slug(row.name)}--{promise}"


def _breach(matrix: Matrix, row: Row, breach: Breach) -> Iterator[str]:
    statement = next(c.promise.statement for c in matrix.columns if c.name == breach.promise)
    shown = [breach.reason, *(f"  {line}" for line in breach.evidence), "in the world"]
    shown += [f"  {line}" for line in breach.world]
    file = _file(row, breach)
    yield f'<div class="breach" id="{_id(row, breach.promise)}">'
    yield f"<p><strong>{_code(matrix, breach)} {breach.promise}</strong>: "
    yield f"{html.escape(statement)}</p>"
    if breach.remark:
        yield f"<p>{html.escape(breach.remark[0].upper() + breach.remark[1:])}.</p>"
    yield f"<pre>{html.escape(chr(10).join(shown))}</pre>"
    yield f'<p><code>stormlab replay <a href="{html.escape(file, quote=True)}">'
    yield f"{html.escape(file)}</a></code></p>\n</div>"
