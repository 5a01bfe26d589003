"""``stormlab trace``: a recorded run as a timeline, as one bar per socket, or for Perfetto."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from stormlab.cli.completion import did_you_mean
from stormlab.clock import to_ns, to_s
from stormlab.console import fail, note, print_json, say, width
from stormlab.spans import Attempt, end_ns
from stormlab.timeline import COLOURS, Line, all_sockets, event_lines, socket_lines
from stormlab.trace import Row, Trace
from stormlab.vocabulary import Event

LIMIT = 200
_CASES = ("trace.parquet", "trace.npz")


@dataclass(frozen=True)
class Wanted:
    """Which part of a trace to show."""

    clients: frozenset[int]  # empty: all
    endpoints: frozenset[int]
    events: frozenset[Event]
    from_ns: int
    to_ns: int

    def row(self, row: Row) -> bool:
        """Whether an event is wanted."""
        return (
            self.from_ns <= row.time_ns <= self.to_ns
            and (not self.clients or row.client in self.clients)
            and (not self.endpoints or row.endpoint in self.endpoints)
            and (not self.events or row.event in self.events)
        )

    def socket(self, socket: Attempt) -> bool:
        """Whether a socket is wanted (the time is the bar's business)."""
        return (not self.clients or socket.client in self.clients) and (
            not self.endpoints or socket.endpoint in self.endpoints
        )


@click.command(
    short_help="Show a recorded run as a timeline, or export it.",
    epilog="""\b
Examples:
  stormlab run server-down --out down
  stormlab trace down --sockets                  one bar per socket
  stormlab trace down --sockets --from 5 --to 40
  stormlab trace down --event 'page.*' --endpoint queue
  stormlab trace down --event world.fault --event 'srv.*' --limit 0
  stormlab trace down --perfetto down.json       open it at https://ui.perfetto.dev""",
)
@click.argument("file", type=click.Path())
@click.option("--client", "clients", type=int, multiple=True, help="Only this client, from 0.")
@click.option(
    "--endpoint", "endpoints", metavar="NAME|N", multiple=True, help="Only this endpoint."
)
@click.option(
    "--event", "globs", metavar="GLOB", multiple=True, help="Only these events: 'page.*'."
)
@click.option("--from", "from_s", type=float, metavar="S", help="From this second of the run.")
@click.option("--to", "to_s", type=float, metavar="S", help="Up to this second of the run.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=f"Show at most so many lines (0: all).  [default: {LIMIT}; all with --json]",
)
@click.option("--sockets", is_flag=True, help="Draw one bar per socket instead of events.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--perfetto", metavar="OUT.json", help="Write the whole run as Chrome trace JSON instead."
)
def trace(  # noqa: PLR0913  one argument per option
    *,
    file: str,
    clients: tuple[int, ...],
    endpoints: tuple[str, ...],
    globs: tuple[str, ...],
    from_s: float | None,
    to_s: float | None,
    limit: int | None,
    sockets: bool,
    as_json: bool,
    perfetto: str | None,
) -> None:
    """Show the run recorded in FILE (a trace, or the folder that run --out wrote).

    Lanes: page is what the script in the browser sees, net is the wire, server is what the server
    process sees, world is what was done to them. Who: "0 queue #2" is client 0's second attempt
    for the endpoint queue.
    """
    loaded = Trace.load(_path(file))
    if perfetto is not None:
        _export(loaded, Path(perfetto))
        return
    wanted = Wanted(
        clients=_clients(loaded, clients),
        endpoints=frozenset(_endpoint(loaded, each) for each in endpoints),
        events=frozenset(event for each in globs for event in _events(each)),
        **_times(loaded, from_s, to_s),
    )
    most = limit if limit is not None else 0 if as_json else LIMIT
    if sockets:
        _show_sockets(loaded, wanted, most, as_json=as_json)
    else:
        _show_events(loaded, wanted, most, as_json=as_json)


def _path(file: str) -> Path:
    path = Path(file)
    if not path.is_dir():
        return path
    for name in _CASES:
        if (path / name).is_file():
            return path / name
    return fail(f"{file}: a folder without a trace; allowed: what 'stormlab run --out' wrote")


def _clients(loaded: Trace, clients: tuple[int, ...]) -> frozenset[int]:
    known = sorted({int(client) for client in loaded.rows["client"] if client >= 0})
    for client in clients:
        if client not in known:
            allowed = f"{known[0]} to {known[-1]}" if known else "none, the trace has no client"
            fail(f"--client: found {client}; allowed: {allowed}")
    return frozenset(clients)


def _endpoint(loaded: Trace, name: str) -> int:
    names = loaded.endpoints
    if name in names:
        return names.index(name)
    if name.isdecimal() and int(name) < max(len(names), 1):
        return int(name)
    allowed = ", ".join(names) or "none, the trace names no endpoint"
    return fail(f"--endpoint: found '{name}'{did_you_mean(name, [*names])}; allowed: {allowed}")


def _events(glob: str) -> list[Event]:
    found = [event for event in Event if fnmatchcase(event.value, glob)]
    if not found:
        hint = did_you_mean(glob, [event.value for event in Event])
        fail(
            f"--event: found '{glob}', which matches no event{hint};"
            " allowed: page.*, net.*, srv.*, world.*, or one event, as page.open"
        )
    return found


def _times(loaded: Trace, from_s: float | None, until_s: float | None) -> dict[str, int]:
    last_ns = end_ns(loaded)
    for option, value in (("--from", from_s), ("--to", until_s)):
        if value is not None and not 0 <= value <= to_s(2**62):
            fail(f"{option}: found {value:g}; allowed: seconds of the run, 0 to {to_s(last_ns):g}")
    start_ns = to_ns(from_s or 0)
    stop_ns = last_ns if until_s is None else to_ns(until_s)
    if start_ns > stop_ns:
        fail(f"--from: found {from_s:g}; allowed: at most {to_s(stop_ns):g}, where it would end")
    return {"from_ns": start_ns, "to_ns": stop_ns}


def _export(loaded: Trace, path: Path) -> None:
    from stormlab import perfetto  # noqa: PLC0415  imported when asked for

    try:
        count = perfetto.write(loaded, path)
    except OSError as error:
        fail(f"--perfetto {path}: {error.strerror or error}")
    note(f"wrote {path}: {count:,} entries; open it at https://ui.perfetto.dev")


def _show_events(loaded: Trace, wanted: Wanted, most: int, *, as_json: bool) -> None:
    rows = [row for row in loaded if wanted.row(row)]
    shown = rows[:most] if most else rows
    if as_json:
        _print_json(loaded, "events", [_event(loaded, row) for row in shown])
        return
    _print(event_lines(loaded, shown, width()))
    _more(len(rows) - len(shown), "events")


def _show_sockets(loaded: Trace, wanted: Wanted, most: int, *, as_json: bool) -> None:
    found = [
        socket
        for socket in all_sockets(loaded)
        if wanted.socket(socket)
        and socket.new_ns <= wanted.to_ns
        and (socket.end_ns is None or socket.end_ns >= wanted.from_ns)
    ]
    shown = found[:most] if most else found
    if as_json:
        _print_json(loaded, "sockets", [_socket(loaded, socket) for socket in shown])
        return
    _print(socket_lines(loaded, shown, wanted.from_ns, wanted.to_ns, width()))
    _more(len(found) - len(shown), "sockets")


def _print(lines: Iterable[Line]) -> None:
    coloured = sys.stdout.isatty()
    for line in lines:
        colour = COLOURS.get(line.lane) if coloured else None
        say(click.style(line.text, fg=colour) if colour else line.text)


def _more(hidden: int, what: str) -> None:
    if hidden > 0:
        note(f"{hidden:,} more {what}; --limit 0 shows all, --from --to --client --endpoint fewer")


def _print_json(loaded: Trace, name: str, content: list[dict[str, Any]]) -> None:
    print_json({"hash": loaded.hash, "header": loaded.header, name: content})


def _event(loaded: Trace, row: Row) -> dict[str, Any]:
    """One event for JSON: seconds, names, and only what applies."""
    event: dict[str, Any] = {"time_s": to_s(row.time_ns), "event": row.event.value}
    names = loaded.endpoints
    if row.endpoint >= 0:
        known = row.endpoint < len(names)
        event["endpoint"] = names[row.endpoint] if known else row.endpoint
    absent = {"client": -1, "socket": -1, "attempt": 0, "conn": -1, "code": 0, "up": 0, "down": 0}
    event |= {key: value for key, none in absent.items() if (value := getattr(row, key)) != none}
    if row.clean >= 0:
        event["clean"] = row.clean == 1
    for key, state in (("before", row.before), ("after", row.after)):
        if state >= 0:
            event[key] = state.name
    if row.cause:
        event["cause"] = row.cause.value
    if row.value_ns:
        event["value_s"] = to_s(row.value_ns)
    if row.detail:
        event["detail"] = row.detail
    return event


def _socket(loaded: Trace, socket: Attempt) -> dict[str, Any]:
    """One socket for JSON; null where something did not happen."""
    names = loaded.endpoints
    known = 0 <= socket.endpoint < len(names)
    return {
        "client": socket.client,
        "endpoint": names[socket.endpoint] if known else None,
        "socket": socket.socket,
        "attempt": socket.attempt,
        "new_s": to_s(socket.new_ns),
        "open_s": None if socket.open_ns is None else to_s(socket.open_ns),
        "end_s": None if socket.end_ns is None else to_s(socket.end_ns),
        "code": socket.code or None,
        "clean": socket.clean,
        "cause": socket.cause.value or None,
    }
