"""The same scenarios in virtual time, in Node with npm ``ws``, and in Chromium: what is heard.

Each scenario is JavaScript that runs unchanged in all three. Compared are the events in their
order, states, close codes, reasons and what throws;
  of times, only how long a closing handshake is
waited for. The server is raw (``real_websockets.py``), so that each ending is made exactly.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.integration.real_websockets import (
    RealServer,
    chromium,
    closed_port,
    in_chromium,
    in_node,
)
from tests.stormlab.hosts.javascript.conftest import Lab

from stormlab.hosts.javascript.client import CLOSING_NS
from stormlab.hosts.wire import NO_STATUS, Caller, Data, SilentPeer
from stormlab.worlds.phases import Phase

pytestmark = [pytest.mark.slow, pytest.mark.fidelity]


def opened(body: str, path: str = "/open") -> str:
    """A scenario that does something once it is connected."""
    return f'const s = dial("{path}"); s.addEventListener("open", () => {{ {body} }});'


CODES = "undefined 1000 1001 1004 1005 1006 1014 1015 999 2999 3000 4999 5000 66536 NaN null '1000'"
SCENARIOS = {
    "refused": 'dial("/refused");',
    "403": 'dial("/403");',
    "503": 'dial("/503");',
    "dropped in the handshake": 'dial("/drop");',
    "microtask between error and close": """const s = dial("/refused");
      s.addEventListener("error", () => { Promise.resolve().then(() => say("micro"));
        wait(0, () => say("macro")); });""",
    "microtask between two listeners": """const s = dial("/open");
      s.addEventListener("open", () => { say("one"); Promise.resolve().then(() => say("micro"));
        });
      s.addEventListener("open", () => { say("two"); s.close(1000); });""",
    "server closes 1000": 'dial("/close?code=1000&reason=bye");',
    "server closes 1001": 'dial("/close?code=1001");',
    "server closes 1011": 'dial("/close?code=1011&reason=oops");',
    "server closes 1012": 'dial("/close?code=1012&reason=restart");',
    "server closes 1013": 'dial("/close?code=1013");',
    "server closes 4000": 'dial("/close?code=4000&reason=%C3%A4");',
    "server closes without a code": 'dial("/close");',
    "server process killed, FIN": opened('s.send("fin");'),
    "server process killed, RST": opened('s.send("rst");'),
    "server killed, no error event to hook on": opened('s.send("rst");')
    + 's.addEventListener("error", () => say("in error"));',
    "close while connecting": 'const s = dial("/never"); s.close(); say("state", s.readyState);',
    "close while connecting, order": """const s = dial("/never"); s.close(4000, "x");
      Promise.resolve().then(() => say("micro")); wait(0, () => say("macro"));""",
    "close while connecting, later": """const s = dial("/never");
      wait(100, () => { s.close(4001, "x"); say("state", s.readyState); });""",
    "close while connecting, wrong arguments": """const s = dial("/never");
      attempt(() => s.close(999)); attempt(() => s.close(1000, "x".repeat(124)));
        attempt(() => s.close());""",
    "close while open": opened('s.close(1000, "done"); say("state", s.readyState);'),
    "close with a code of one's own": opened('s.close(4321, "why");'),
    "close without a code": opened("s.close();"),
    "close twice": opened('s.close(4000, "a"); s.close(4001, "b");'),
    "close, then a microtask": opened('s.close(); Promise.resolve().then(() => say("micro"));'),
    "reason too long": opened("""attempt(() => s.close(1000, "x".repeat(124))); say(s.readyState);
      attempt(() => s.close(1000, "é".repeat(62))); attempt(() => s.close(1000, "ok"));"""),
    "reason without a code": opened('attempt(() => s.close(undefined, "x")); s.close();'),
    "send while connecting": 'const s = dial("/open"); attempt(() => s.send("x"));'
    's.addEventListener("open", () => s.close(1000));',
    "send while closing and closed": opened("""s.close(1000); attempt(() => s.send("four"));
      say("buffered", s.bufferedAmount);""")
    + """s.addEventListener("close", () => { attempt(() => s.send("four"));
      say("buffered", s.bufferedAmount); });""",
    "messages": """const s = dial("/hello"); s.binaryType = "arraybuffer"; let n = 0;
      s.addEventListener("message", () => { if (++n === 2) s.send("äö");
        if (n === 3) s.close(1000); });""",
    "what can be sent": 'const s = dial("/echo"); s.binaryType = "arraybuffer";'
    """s.addEventListener("open", () => {
      for (const v of ["a", 5, null, undefined, true, {
        a: 1 }, [1, 2], new Uint8Array(2), new ArrayBuffer(3),
        new DataView(new ArrayBuffer(4))]) attempt(() => s.send(v));
      wait(200, () => s.close()); });""",
    "message while closing": opened('s.send("late"); s.close(1000);', "/echo"),
    "buffered": opened("""s.send("abc"); say(s.bufferedAmount);
      Promise.resolve().then(() => say("micro", s.bufferedAmount));
      wait(100, () => { say("later", s.bufferedAmount); s.close(); });"""),
    "subprotocol chosen": 'const s = dial("/open?p=b", ["a", "b"]);'
    's.addEventListener("open", () => s.close(1000));',
    "subprotocol offered, none chosen": 'dial("/open", ["a", "b"]);',
    "subprotocol not offered": 'dial("/open?p=c", ["a", "b"]);',
    "subprotocol, none offered, one chosen": 'dial("/open?p=c");',
    "handler keeps its place": """const s = dial("/open"); s.onopen = () => say("h1");
      s.addEventListener("open", () => say("listener")); s.onopen = () => say("h2");
        wait(200, () => s.close());""",
    "handler taken out and set again": """const s = dial("/open"); s.onopen = () => say("h1");
      s.addEventListener("open", () => say("listener")); s.onopen = null;
        s.onopen = () => say("h2"); wait(200, () => s.close());""",
    "listener removed during dispatch": """const s = dial("/open"), gone = () => say("gone");
      s.addEventListener("open", () => s.removeEventListener("open", gone));
        s.addEventListener("open", gone); wait(200, () => s.close());""",
    "listener added during dispatch": """const s = dial("/open");
      s.addEventListener("open", () => s.addEventListener("open", () => say("late")));
        wait(200, () => s.close());""",
    "object as listener, once": """const s = dial("/open");
      s.addEventListener("open", { handleEvent() { say("object", this !== s); } }, {
        once: true }); wait(100, () => s.close(1000, "r"));""",
    "timers": opened("""setTimeout(() => say("1"), 1); setTimeout(() => say("0"), 0);
      setTimeout(() => say("-5"), -5);
      setTimeout(() => say("NaN"), NaN); setTimeout(() => say("2^32"), 2 ** 32);
        setTimeout(() => say("2^31"), 2 ** 31);
      setTimeout(() => say("Infinity"), Infinity); setTimeout(() => say("text"), "20");
        wait(300, () => s.close());"""),
    "addresses": """for (const [url, names] of [["ftp://x/"], ["ws://127.0.0.1:1/#f"],
      ["http://127.0.0.1:1/"], ["https://127.0.0.1:1/"],
      ["ws://127.0.0.1:1/", ["a", "a"]], ["ws://127.0.0.1:1/", ["a", "A"]],
        ["ws://127.0.0.1:1/", [""]], ["ws://127.0.0.1:1/", "a b"],
      ["ws://127.0.0.1:99999/"], ["ws://"], ["ws:127.0.0.1:1"]]) {
      try { const x = names === undefined ? new WS(url) : new WS(url, names);
        x.onerror = () => {}; say(url, "->", x.url); }
      catch (e) { say(url, "threw", e.name, e.constructor.name); } }
      dial("/refused");""",
    **{
        f"close({code})": opened(
            f"attempt(() => s.close({code})); say(s.readyState); s.close(3500);"
        )
        for code in CODES.split()
    },
}
LIBRARY = """
const runOne = (body, WS, address) => new Promise((done) => {
  const log = [];
  const say = (...words) => log.push(words.join(" "));
  const wait = (ms, call) => setTimeout(call, ms);
  const attempt = (call) => { try { call(); say("ok"); } catch (e) { say("threw", e.name); } };
  const dial = (path, names) => {
    const s = names === undefined ? new WS(address(path)) : new WS(address(path), names);
    s.addEventListener("open", () => say("open", s.readyState, s.protocol));
    s.addEventListener("message", (e) => say("message",
      typeof e.data === "string" ? e.data : e.data.byteLength));
    s.addEventListener("error", () => say("error", s.readyState));
    s.addEventListener("close", (e) => {
      say("close", e.code, e.wasClean, e.reason, s.readyState); setTimeout(() => done(log), 50);
      });
    return s;
  };
  new Function("dial", "say", "wait", "attempt", "WS", body)(dial, say, wait, attempt, WS);
});
"""


class Scripted(SilentPeer):
    """The server of the scenarios in virtual time, as far as a peer has a say in it."""

    def __init__(self, chosen: str) -> None:
        self.chosen = chosen
        self.kill: Callable[[], None] = lambda: None

    def protocol(self, offered: tuple[str, ...]) -> str:  # noqa: ARG002  it is scripted
        return self.chosen

    def opened(self, caller: Caller) -> None:
        place = urlsplit(caller.url)
        asked = {name: values[0] for name, values in parse_qs(place.query).items()}
        if place.path == "/close":
            caller.close(int(asked.get("code", NO_STATUS)), asked.get("reason", ""))
        elif place.path == "/hello":
            caller.send("hello")
            caller.send(bytes([0, 128, 255]))

    def message(self, caller: Caller, data: Data) -> None:
        if data in {"fin", "rst"}:
            self.kill()
        elif urlsplit(caller.url).path in {"/echo", "/hello"}:
            caller.send(data)


def virtual(body: str, profile: str) -> list[str]:
    """Run a scenario in the lab; what it logs."""
    chosen = body.partition("?p=")[2][:1]
    peer = Scripted(chosen)
    script = f"""{LIBRARY}
    runOne({json.dumps(body)}, WebSocket, (path) => "ws://server.example" + path)
      .then((log) => {{ for (const line of log) say(line); }});"""
    lab = Lab(script, profile=profile, peer=peer)
    peer.kill = lambda: lab.around.enter(Phase("refuse", 0))
    path = body.partition('dial("')[2].partition('"')[0]
    if path == "/never":
        lab.enter("hang")
    elif path in {"/refused", "/drop"} or path[1:].isdecimal():
        lab.enter("refuse")
    lab.run(100)
    assert lab.errors == []
    return [line.removesuffix(" ") for line in lab.said]


def program(server: RealServer, socket: str, report: str) -> str:
    """All scenarios one after the other, with a real WebSocket."""
    return f"""{LIBRARY}
    const WS = {socket}, bodies = {json.dumps(SCENARIOS)}, all = {{}};
    const address = (path) => path === "/refused"
      ? "ws://127.0.0.1:{closed_port()}/" : "ws://127.0.0.1:{server.port}" + path;
    const late = () => new Promise((done) => setTimeout(() => done(["timeout"]), 20000));
    (async () => {{
      for (const name of Object.keys(bodies)) {{
        all[name] = await Promise.race([runOne(bodies[name], WS, address), late()]);
      }}
      {report}
    }})();"""


@contextmanager
def serving() -> Iterator[RealServer]:
    """A server that is ended after use."""
    server = RealServer()
    try:
        yield server
    finally:
        server.stop()


def real(profile: str, program_of: Callable[[RealServer, str, str], str], timeout_s: float) -> Any:
    """What a real client reports, or skip where there is none."""
    with serving() as server:
        if profile == "node":
            if shutil.which("node") is None:
                pytest.skip("Node is not installed")
            report = "console.log(JSON.stringify(all)); process.exit(0);"
            return in_node(program_of(server, "require_", report), timeout_s)
        if chromium() is None:
            pytest.skip("Chromium is not installed")
        return in_chromium(server, program_of(server, "WebSocket", "report(all);"), timeout_s)


@pytest.fixture(scope="module", params=["node", "browser"])
def logs(request: pytest.FixtureRequest) -> tuple[str, dict[str, list[str]]]:
    """What every scenario logs in reality, by profile."""
    return request.param, real(request.param, program, 240)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_lab_hears_what_reality_hears(
    name: str, logs: tuple[str, dict[str, list[str]]]
) -> None:
    profile, heard = logs
    expected = [line.removesuffix(" ") for line in heard[name]]
    assert virtual(SCENARIOS[name], profile) == expected


def waits(server: RealServer, socket: str, report: str) -> str:
    """Close a connection whose server never answers the close frame."""
    return f"""
    const WS = {socket}, all = {{}}, s = new WS("ws://127.0.0.1:{server.port}/mute");
    let began = 0;
    s.addEventListener("open", () => {{ began = performance.now(); s.close(1000); }});
    s.addEventListener("error", () => {{ all.error = true; }});
    s.addEventListener("close", (e) => {{ Object.assign(all, {{
      s: (performance.now() - began) / 1000, code: e.code, clean: e.wasClean }}); {report} }});"""


@pytest.mark.parametrize("profile", ["node", "browser"])
def test_a_close_frame_is_waited_for_as_long_as_in_reality(profile: str) -> None:
    found = real(profile, waits, 100)
    assert found == {
        "s": pytest.approx(CLOSING_NS[profile] / 1e9, abs=1.5),
        "code": 1006,
        "clean": False,
    }
