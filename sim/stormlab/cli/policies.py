"""``stormlab policies`` and ``stormlab policy``: the catalogue, and one policy in full."""

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from click.shell_completion import CompletionItem

from stormlab.console import fail, print_json, say, table, width

if TYPE_CHECKING:
    from stormlab.policy.catalogue import Entry, FoundPolicy
    from stormlab.policy.support import Support
    from stormlab.policy_plot import Row

_LABEL_COLUMNS = 13
_JITTER_COLUMNS, _RESET_COLUMNS = 22, 26
_BANDS = re.compile(r" in \d+ bands$")
_STRIP_CELLS_MIN, _STRIP_CELLS_MAX = 20, 60
_TEXT_COLUMNS = 62  # of the table beside the strip
_OBSERVED_CLIENTS = 500
_DELAYS_MAX = 2000
_PICTURES = (".svg", ".png")


def complete_policy(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete names of the catalogue first, then files."""
    from stormlab.policy.catalogue import catalogue  # noqa: PLC0415  only while completing

    names = [name for name in catalogue() if name.startswith(incomplete)]
    return [*(CompletionItem(name) for name in names), CompletionItem(incomplete, type="file")]


@click.command(
    short_help="List the catalogue of real reconnect policies.",
    epilog="""\b
Examples:
  stormlab policies
  stormlab policies --kind breaker""",
)
@click.option("--kind", metavar="KIND", help="Only client, python, breaker, budget, standard, ...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def policies(kind: str | None, as_json: bool) -> None:  # noqa: FBT001  a click option
    """List the policies of shipped libraries: first retry after a drop, cap, jitter, limit."""
    from stormlab.policy.catalogue import Kind, catalogue  # noqa: PLC0415  imported when called

    if kind is not None and kind not in get_args(Kind):
        fail(f"--kind {kind}: no such kind; allowed: {', '.join(get_args(Kind))}")
    try:
        entries = [entry for entry in catalogue().values() if kind in {None, entry.kind}]
    except ValueError as error:
        fail(str(error))
    if as_json:
        print_json([_facts(entry) for entry in entries])
        return
    headings = ["name", "version", "first retry", "cap s", "jitter", "limit", "reset"]
    for each in get_args(Kind):
        lines = [_line(entry) for entry in entries if entry.kind == each]
        if lines:
            table(headings, lines, title=each)
            say("")
    say(f"{len(entries)} policies. One in full: stormlab policy NAME")


def _line(entry: "Entry") -> list[Any]:
    first = entry.first_after_drop
    return [
        entry.name,
        entry.version,
        _BANDS.sub("", first.text).removeprefix("exactly ") if first is not None else None,
        "none" if entry.cap_s is None else f"{entry.cap_s:g}",
        _short(entry.jitter, _JITTER_COLUMNS),
        "none" if entry.attempts_max is None else f"{entry.attempts_max}",
        _short(entry.reset, _RESET_COLUMNS),
    ]


def _short(text: str, columns: int) -> str | None:
    """The beginning of a text, up to its first colon or semicolon."""
    return textwrap.shorten(re.split(r"[:;]", text)[0], columns, placeholder="…") or None


def _seconds(support: "Support | None") -> list[list[float]] | None:
    return None if support is None else [[low / 1e9, high / 1e9] for low, high in support.intervals]


def _facts(entry: "Entry") -> dict[str, Any]:
    """Everything that an entry says, for JSON."""
    terms = entry.terms
    return {
        "name": entry.name,
        "version": entry.version,
        "kind": entry.kind,
        "formula": entry.formula,
        "jitter": entry.jitter,
        "source": entry.source,
        "notes": entry.notes,
        "first_after_drop_s": _seconds(entry.first_after_drop),
        "cap_s": entry.cap_s,
        "attempts_max": entry.attempts_max,
        "reset": entry.reset,
        "close_codes": entry.close_codes,
        "network": entry.network,
        "connect_timeout_s": terms.connect_timeout_s,
        "heartbeat_s": terms.heartbeat_s,
        "heartbeat_timeout_s": terms.heartbeat_timeout_s,
    }


@click.command(
    short_help="Show one policy: formula, source, every delay's exact range.",
    epilog="""\b
Examples:
  stormlab policy socket.io-client
  stormlab policy socket.io-client -n 12 --out delays.svg
  stormlab policy aws-full-jitter,backoff.cap_s=60
  stormlab policy mine.toml""",
)
@click.argument("name", shell_complete=complete_policy)
@click.option(
    "-n",
    "delays",
    type=click.IntRange(0, _DELAYS_MAX),
    default=9,
    show_default=True,
    help="Show delays 0 to N.",
)
@click.option("--out", metavar="FILE", help="Draw the delays into FILE.svg or FILE.png.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def policy(name: str, delays: int, out: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show one policy: its formula and source, and every value that each delay can take.

    NAME is one of the catalogue (NAME@VERSION checks the version; NAME,key=value varies it), a
    TOML file with a table [policy], or code of your own, file.py:NAME or module:NAME.
    """
    from stormlab.policy.catalogue import find_policy  # noqa: PLC0415  imported when called
    from stormlab.policy_plot import draw_policy  # noqa: PLC0415

    path = Path(out) if out is not None else None
    if path is not None and path.suffix not in _PICTURES:
        fail(f"--out {out}: found '{path.suffix}'; allowed: a file that ends in .svg or .png")
    try:
        found = find_policy(name)
    except ValueError as error:
        fail(str(error))
    rows = rows_of(found, delays)
    if path is not None:
        if not rows:
            fail(f"--out {out}: {found.name} does not reconnect, so there is nothing to draw")
        _draw(draw_policy, found, rows, path)
    if as_json:
        print_json(_document(found, rows))
        return
    for line in _told(found):
        say(line)
    _show(found, rows)


def _draw(draw: Any, found: "FoundPolicy", rows: "list[Row]", path: Path) -> None:  # noqa: ANN401
    from stormlab.console import note  # noqa: PLC0415  imported when called
    from stormlab.plots import PlotError  # noqa: PLC0415

    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        seen = f", seen in {_OBSERVED_CLIENTS} simulated clients: not its exact range"
        draw(_title(found) + seen * any(row.observed for row in rows), rows, part)
        part.replace(path)
    except PlotError as error:
        fail(str(error))
    finally:
        part.unlink(missing_ok=True)
    note(f"wrote {path}")


def described(found: "FoundPolicy") -> "Entry | None":
    """The entry of a policy, or one made up for a table of one's own; None for a class."""
    from stormlab.policy.catalogue import Entry  # noqa: PLC0415  imported when called

    if found.entry is not None or found.table is None:
        return found.entry
    return Entry.of(
        found.table.reconnect, name=found.name, version="", kind="client", source="a table"
    )


def rows_of(found: "FoundPolicy", last: int) -> "list[Row]":
    """The delays after a drop and 0 to ``last``, exact, or else as seen in simulated draws."""
    from stormlab.policy_plot import Row  # noqa: PLC0415  imported when called

    entry = described(found)
    rows: list[Row] = []
    if entry is not None and entry.first_after_drop is not None:
        rows.append(Row("after a drop", entry.first_after_drop))
    for n in range(last + 1):
        support = entry.supports(n) if entry is not None else None
        if support is None:
            break
        cap_ns = None if entry is None or entry.cap_s is None else round(entry.cap_s * 1e9)
        rows.append(Row(f"n = {n}", support, None if cap_ns is None else support.share_at(cap_ns)))
    return rows if any(row.label == "n = 0" for row in rows) else rows + _observed(found, last)


def _observed(found: "FoundPolicy", last: int) -> "list[Row]":
    """What a class of its own did with simulated clients whose attempts were all refused."""
    from stormlab.draws import Draws  # noqa: PLC0415  imported when called
    from stormlab.policy import AddressedChance, delays  # noqa: PLC0415
    from stormlab.policy.support import Support  # noqa: PLC0415
    from stormlab.policy_plot import Row  # noqa: PLC0415

    draws = Draws(0)
    walks = [
        delays(found(), last + 1, AddressedChance(draws, client)).delays_ns
        for client in range(_OBSERVED_CLIENTS)
    ]
    rows = []
    for n in range(last + 1):
        seen = [walk[n] for walk in walks if n < len(walk)]
        if not seen:
            break
        support = Support.of([(min(seen), max(seen))])
        rows.append(Row(f"n = {n}", support, observed=True))
    return rows


def _title(found: "FoundPolicy") -> str:
    return found.entry.label if found.entry is not None else found.name


def _told(found: "FoundPolicy") -> list[str]:
    """What there is to say about a policy, line by line."""
    entry = described(found)
    if entry is None:
        return [f"{found.name}: a class of its own"]
    unlimited = "may give up, see the notes" if entry.gives_up else "never gives up"
    limit = unlimited if entry.attempts_max is None else f"{entry.attempts_max} attempts"
    lines = [f"{_title(found)} ({entry.kind})" if found.entry is not None else found.name]
    for label, text in {
        "formula": entry.formula,
        "jitter": entry.jitter,
        "cap": "none" if entry.cap_s is None else f"{entry.cap_s:g} s",
        "limit": limit,
        "reset": entry.reset,
        "close codes": entry.close_codes,
        "network": entry.network,
        "terms": _terms(entry),
        "source": entry.source,
        "notes": entry.notes,
        "remarks": "; ".join(f"{promise} {said}" for promise, said in entry.remarks.items()),
    }.items():
        if text:
            lines += _wrapped(label, text)
    return lines


def _wrapped(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(40, width()),
        initial_indent=f"  {label:{_LABEL_COLUMNS - 2}} ",
        subsequent_indent=" " * (_LABEL_COLUMNS + 1),
        break_on_hyphens=False,
    )


def _terms(entry: "Entry") -> str:
    terms = entry.terms
    parts = []
    if terms.connect_timeout_s is not None:
        parts.append(f"connect timeout {terms.connect_timeout_s:g} s")
    if terms.heartbeat_s is not None:
        parts.append(f"heartbeat every {terms.heartbeat_s:g} s")
    if terms.heartbeat_timeout_s is not None:
        parts.append(f"peer dead {terms.heartbeat_timeout_s:g} s after a ping")
    parts += ["closes when offline"] if terms.closes_offline else []
    parts += ["an HTTP request before each handshake"] if terms.http_first else []
    return ", ".join(parts) or "none: waits as long as the network does"


def _show(found: "FoundPolicy", rows: "list[Row]") -> None:
    """The delays as a table with a strip each."""
    from stormlab.policy_plot import strip  # noqa: PLC0415  imported when called

    if not rows:
        say("It makes no further attempt by itself.")
        return
    longest_ns = max(row.support.high_ns for row in rows)
    cells = min(_STRIP_CELLS_MAX, max(_STRIP_CELLS_MIN, width() - _TEXT_COLUMNS))
    lines = [
        [
            row.label,
            row.support.text + (" seen" if row.observed else ""),
            None if row.at_cap is None else f"{row.at_cap:.1%}",
            strip(row.support, longest_ns, cells),
        ]
        for row in rows
    ]
    table(["delay", "range", "at the cap", f"0 to {longest_ns / 1e9:.4g} s"], lines)
    if any(row.observed for row in rows):
        say(
            f"seen: {found.name} is a class of its own, so this is not its exact range but what"
            f" {_OBSERVED_CLIENTS} simulated clients waited whose every attempt was refused."
        )


def _document(found: "FoundPolicy", rows: "list[Row]") -> dict[str, Any]:
    """A policy for JSON."""
    entry = described(found)
    return {
        **(_facts(entry) if entry is not None else {}),
        "name": found.name,
        "digest": found.digest,
        "table": found.table.document if found.table is not None else None,
        "delays": [
            {
                "after": row.label,
                "intervals_s": _seconds(row.support),
                "step_s": row.support.step_ns / 1e9,
                "at_cap": row.at_cap,
                "exact": not row.observed,
            }
            for row in rows
        ],
    }
