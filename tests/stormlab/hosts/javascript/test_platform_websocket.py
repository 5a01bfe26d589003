"""WebSocket of the platform, by the standard (browser) and by npm ws (node).

What reality does was measured: ``tests/integration/test_fidelity.py`` compares it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.hosts.wire import Caller, Data, SilentPeer
from stormlab.vocabulary import Event

Make = Callable[..., Any]

URLS = """
for (const [url, names] of [["ftp://x/"], ["ws://h/#f"], ["ws://h/#"], ["http://h/a"],
  ["https://h/"], ["ws://"], ["ws://h:99999/"],
    ["ws://h/", ["a", "a"]], ["ws://h/", ["a", "A"]], ["ws://h/", [""]], ["ws://h/", "a b"],
      ["ws://h/", ["a,b"]], ["//h/x"], ["rel?q"]]) {
  try { const s = names === undefined ? new WebSocket(url) : new WebSocket(url, names);
    s.onerror = () => {}; say(s.url, s.readyState); } catch (e) {
    say("threw", e.name, e.constructor.name); }
}
attempt(() => new WebSocket()); attempt(() => WebSocket("ws://h/"));
"""


def test_the_constructor_refuses_what_browsers_refuse(lab: Make) -> None:
    wrong = "threw SyntaxError DOMException"
    assert lab(URLS).run(0).said == [
        wrong,
        wrong,
        wrong,
        "ws://h/a 0",
        "wss://h/ 0",
        wrong,
        wrong,
        wrong,
        "ws://h/ 0",
        wrong,
        wrong,
        wrong,
        "wss://h/x 0",
        "wss://server.example/rel?q 0",
        "threw TypeError",
        "threw TypeError",
    ]


def test_the_constructor_refuses_what_ws_refuses(lab: Make) -> None:
    wrong = "threw SyntaxError SyntaxError"
    assert lab(URLS, profile="node").run(0).said == [
        wrong,
        wrong,
        wrong,
        "ws://h/a 0",
        "wss://h/ 0",
        wrong,
        wrong,
        wrong,
        "ws://h/ 0",
        wrong,
        wrong,
        wrong,
        wrong,
        wrong,
        "threw TypeError",
        "threw TypeError",
    ]


def test_a_socket_begins_as_the_standard_says(lab: Make) -> None:
    body = """
    const s = new WebSocket(env.url);
    say(s.url, s.readyState, s.binaryType, s.bufferedAmount, s.extensions === "",
      s.protocol === "", s.onopen);
    say(WebSocket.CONNECTING, WebSocket.OPEN, s.CLOSING, s.CLOSED); s.binaryType = "rubbish";
      say(s.binaryType); s.readyState = 3; say(s.readyState);
    s.onopen = (e) => say(e.type, e.isTrusted, e.target === s, e.bubbles, s.readyState);"""
    ran = lab("(() => { 'use strict'; })();" + body).run()
    assert ran.said == [
        "wss://server.example/socket 0 blob 0 true true null",
        "0 1 2 3",
        "blob",
        "0",
        "open true true false 1",
    ]
    assert lab(body, profile="node").run().said[0].split()[2] == "nodebuffer"


STATES = """
const s = new WebSocket(env.url);
for (const name of ["open", "error"]) s.addEventListener(name, () => say(name, s.readyState));
s.addEventListener("close", (e) => say("close", e.code, e.wasClean, e.reason, s.readyState));
"""


def test_close_while_connecting_gives_error_then_close(lab: Make) -> None:
    body = (
        STATES
        + """s.close(4000, 'x'); say('state', s.readyState);
          Promise.resolve().then(() => say('micro')); setTimeout(() => say('macro'), 0);"""
    )
    assert lab(body).run().said == ["state 2", "micro", "error 3", "close 1006 false  3", "macro"]
    assert lab(body, profile="node").run().said == [
        "state 2",
        "micro",
        "error 2",
        "close 1006 false  3",
        "macro",
    ]


def test_close_while_open_gives_the_code_that_was_sent(lab: Make) -> None:
    for close, told in (
        ("s.close()", "1005 true "),
        ("s.close(1000, 'bye')", "1000 true bye"),
        ("s.close(4999)", "4999 true "),
    ):
        for profile in ("browser", "node"):
            ran = lab(
                f"""{STATES} s.addEventListener('open', () => {{ {close}; say(s.readyState);
                  s.close(4001); }});""",
                profile=profile,
            )
            assert ran.run().said == ["open 1", "2", f"close {told} 3"], (close, profile)


def test_a_close_frame_that_is_not_answered_is_waited_for(lab: Make) -> None:
    for profile, wait_s in (("browser", 60), ("node", 30)):
        ran = lab(STATES + "setTimeout(() => s.close(1000), 5000);", profile=profile).run(1)
        ran.enter("hang").go_on(5 + wait_s - 0.01)
        assert ran.said == ["open 1"]
        assert ran.go_on(5 + wait_s).said == ["open 1", "close 1006 false  3"]


CODES = [
    "undefined",
    "1000",
    "3000",
    "4999",
    "1001",
    "1004",
    "1005",
    "1006",
    "1014",
    "1015",
    "999",
    "2999",
    "5000",
    "66536",
    "-1",
    "NaN",
    "null",
    "'1000'",
    "1000.4",
    "'3000'",
]


def test_close_codes_are_checked_as_the_platform_checks_them(lab: Make) -> None:
    good = {
        "browser": {"undefined", "1000", "3000", "4999", "'1000'", "1000.4", "'3000'"},
        "node": {"undefined", "1000", "3000", "4999", "1001", "1014", "1000.4"},
    }
    for profile, error in (("browser", "InvalidAccessError"), ("node", "TypeError")):
        for code in CODES:
            body = f"""{STATES} s.addEventListener('open', () => {{
              attempt(() => s.close({code})); say(s.readyState); }});"""
            said = lab(body, profile=profile).run(1).said
            expected = ["ok undefined", "2"] if code in good[profile] else [f"threw {error}", "1"]
            assert said[1:3] == expected, (profile, code)


def test_a_reason_has_room_for_123_bytes(lab: Make) -> None:
    body = (
        STATES
        + """
    s.addEventListener("open", () => { attempt(() => s.close(1000, "x".repeat(124)));
      attempt(() => s.close(1000, "é".repeat(62)));
      say(s.readyState); attempt(() => s.close(1000, "é".repeat(61) + "x")); });"""
    )
    assert lab(body).run().said[1:5] == [
        "threw SyntaxError",
        "threw SyntaxError",
        "1",
        "ok undefined",
    ]
    assert lab(body, profile="node").run().said[1:5] == [
        "threw RangeError",
        "threw RangeError",
        "1",
        "ok undefined",
    ]
    assert (
        lab(STATES + "attempt(() => s.close(undefined, 'why'));").run().said[0]
        == "threw InvalidAccessError"
    )
    assert (
        lab(STATES + "attempt(() => s.close(999));", profile="node").run().said[0] == "ok undefined"
    )


def test_send_while_connecting_throws_and_is_told(lab: Make) -> None:
    for profile, name in (("browser", "InvalidStateError"), ("node", "Error")):
        ran = lab(STATES + "attempt(() => s.send('x'));", profile=profile).run()
        assert ran.said == [f"threw {name}", "open 1"]
        early = [step for step in ran.diary.steps if step.event is Event.SEND]
        assert [(step.attempt, step.detail) for step in early] == [(1, "CONNECTING")]


def test_send_after_close_only_counts(lab: Make, echo: Any) -> None:
    body = (
        STATES
        + """
    s.addEventListener("message", () => say("message"));
    s.addEventListener("open", () => { s.close(); s.send("äö"); say(s.bufferedAmount); });
    s.addEventListener("close", () => { s.send(new Uint8Array(3)); say(s.bufferedAmount); });"""
    )
    for profile in ("browser", "node"):
        ran = lab(body, profile=profile, peer=echo).run()
        assert ran.said == ["open 1", "4", "close 1005 true  3", "7"], profile
        assert ran.of(Event.SEND) == []


def test_what_is_sent_is_counted_until_the_next_task_in_a_browser(lab: Make, echo: Any) -> None:
    body = """
    const s = new WebSocket(env.url);
    s.onopen = () => { s.send("abc"); say(s.bufferedAmount);
      Promise.resolve().then(() => say("micro", s.bufferedAmount));
      setTimeout(() => say("task", s.bufferedAmount), 0); };"""
    assert lab(body, peer=echo).run().said == ["3", "micro 3", "task 0"]
    assert lab(body, peer=echo, profile="node").run().said == ["0", "micro 0", "task 0"]


def test_what_is_sent_offline_stays_counted(lab: Make) -> None:
    ran = lab(
        """const s = new WebSocket(env.url); setInterval(() => {
          if (s.readyState === 1) s.send('abc'); say(s.bufferedAmount); }, 1000);"""
    )
    ran.run(1.5).client.online(online=False)
    ran.around.go(online=False)
    assert ran.go_on(3.5).said == ["3", "3", "6"]
    ran.around.go(online=True)
    ran.client.online(online=True)
    assert ran.go_on(4.5).said[3:] == ["3"]


TYPES = """
const s = new WebSocket(env.url); s.binaryType = "arraybuffer";
s.onmessage = (e) =>
  say(typeof e.data === "string" ? "text " + e.data : "bytes " + new Uint8Array(e.data));
s.onopen = () => { for (const v of ["ä", 5, null, undefined, true, {
  a: 1 }, [1, 2], new Uint8Array([0, 128, 255]), new Uint8Array([9, 8, 7]).subarray(1),
  new ArrayBuffer(1), new DataView(new ArrayBuffer(2)), "\\ud83d"]) {
  try { s.send(v); } catch (e) { say("threw", e.name); } } };
"""


def test_everything_can_be_sent_from_a_browser(lab: Make, echo: Any) -> None:
    assert lab(TYPES, peer=echo).run().said == [
        "text ä",
        "text 5",
        "text null",
        "text undefined",
        "text true",
        "text [object Object]",
        "text 1,2",
        "bytes 0,128,255",
        "bytes 8,7",
        "bytes 0",
        "bytes 0,0",
        "text \ufffd",
    ]


def test_ws_sends_texts_numbers_and_bytes(lab: Make, echo: Any) -> None:
    assert lab(TYPES, peer=echo, profile="node").run().said == [
        "threw TypeError",
        "threw TypeError",
        "text ä",
        "text 5",
        "bytes ",
        "bytes ",
        "bytes 1,2",
        "bytes 0,128,255",
        "bytes 8,7",
        "bytes 0",
        "bytes 0,0",
        "text \ufffd",
    ]


def test_messages_come_in_the_type_that_was_asked_for(lab: Make, echo: Any) -> None:
    body = """
    const s = new WebSocket(env.url), types = ["blob", "arraybuffer"];
    s.onopen = () => s.send(new Uint8Array([65]));
    s.onmessage = (e) => {
      say(e.data instanceof Blob, e.data instanceof ArrayBuffer, e.data instanceof Uint8Array,
      e.origin);
      if (s.binaryType !== "arraybuffer") { s.binaryType = "arraybuffer";
        s.send(new Blob(["A"])); } };"""
    assert lab(body, peer=echo).run().said == [
        "true false false wss://server.example",
        "false true false wss://server.example",
    ]
    assert lab(body, peer=echo, profile="node").run().said[0].startswith("false false true")


class Late(SilentPeer):
    """Says something when the client's close frame is under way."""

    def opened(self, caller: Caller) -> None:
        caller.later(0.015, lambda: caller.send("late"))

    def message(self, caller: Caller, data: Data) -> None:
        caller.close(1000, str(data))


def test_ws_hears_messages_while_closing_and_browsers_do_not(lab: Make) -> None:
    body = (
        STATES
        + """s.addEventListener('message', (e) => say('message', s.readyState));
          s.addEventListener('open', () => setTimeout(() => s.close(), 10));"""
    )
    assert lab(body, peer=Late(), profile="node").run().said == [
        "open 1",
        "message 2",
        "close 1005 true  3",
    ]
    assert lab(body, peer=Late()).run().said == ["open 1", "close 1005 true  3"]


def test_the_server_closes_and_a_crash_gives_no_error_event(lab: Make) -> None:
    for profile in ("browser", "node"):
        ran = lab(
            STATES + "s.addEventListener('open', () => s.send('why'));",
            profile=profile,
            peer=Late(),
        ).run()
        assert ran.said == ["open 1", "close 1000 true why 3"]
        ran = lab(STATES, profile=profile).run(1).enter("refuse").go_on(2)
        assert ran.said == ["open 1", "close 1006 false  3"], profile
        ran = lab(STATES, profile=profile).run(1).enter("stop", code=1012).go_on(2)
        assert ran.said == ["open 1", "close 1012 true  3"], profile


def test_a_refused_attempt_gives_error_then_close_with_microtasks_between_in_a_browser(
    lab: Make,
) -> None:
    body = (
        STATES
        + """s.addEventListener('error', () => { Promise.resolve().then(() => say('micro'));
          setTimeout(() => say('macro'), 0); });"""
    )
    ran = lab(body)
    ran.enter("refuse")
    assert ran.run().said == ["error 3", "micro", "close 1006 false  3", "macro"]
    ran = lab(body, profile="node")
    ran.enter("refuse")
    assert ran.run().said == ["error 2", "close 1006 false  3", "micro", "macro"]


def test_a_subprotocol_is_chosen_by_the_server(lab: Make) -> None:
    body = """const s = new WebSocket(env.url, ['b', 'a']); say(s.protocol === '');
      s.onopen = () => say(s.protocol);"""
    assert lab(body).run().said == ["true", "b"]
    assert lab(
        "const s = new WebSocket(env.url, 'only'); s.onopen = () => say(s.protocol);"
    ).run().said == ["only"]


def test_ws_is_an_emitter(lab: Make, echo: Any) -> None:
    ran = lab(
        """
    const s = new WebSocket(env.url), never = () => say("never");
    s.on("open", () => { say("open"); s.send("hi"); s.send(new Uint8Array([1]));
      }).on("message", (data, binary) => say(String(data), data.length, binary));
    s.once("message", () => say("once")); s.on("message", never); s.off("message", never);
      say(s.listenerCount("message"));
    s.on("close", (code, reason) => say("close", code, reason.toString() === "bye"));
    setTimeout(() => s.close(1000, "bye"), 1000);""",
        profile="node",
        peer=echo,
    ).run()
    assert ran.said == ["2", "open", "hi 2 false", "once", "\x01 1 true", "close 1000 true"]


def test_an_error_of_ws_that_nobody_listens_for_is_uncaught(lab: Make) -> None:
    ran = lab("new WebSocket(env.url)", profile="node")
    ran.enter("refuse")
    assert ran.run().errors[0].startswith("Error: connect ECONNREFUSED")
    ran = lab("new WebSocket(env.url).on('error', (e) => say(e.code, e.message))", profile="node")
    ran.enter("refuse")
    assert ran.run().said == ["ECONNREFUSED connect ECONNREFUSED"]
    assert ran.errors == []


@pytest.mark.parametrize("when", ["0", "1000"])
def test_terminate_ends_at_once(lab: Make, when: str) -> None:
    ran = lab(f"{STATES} setTimeout(() => s.terminate(), {when});", profile="node").run()
    assert ran.said == (
        ["error 2", "close 1006 false  3"] if when == "0" else ["open 1", "close 1006 false  3"]
    )


def test_a_class_that_extends_websocket_works(lab: Make) -> None:
    ran = lab("""
    class Mine extends WebSocket { constructor(url) { super(url, ["p"]); this.own = 1;
      } close() { say("mine"); super.close(4000); } }
    const s = new Mine(env.url); s.onopen = () => s.close();
      s.onclose = (e) => say(e.code, s instanceof WebSocket, s.own);""").run()
    assert ran.said == ["mine", "4000 true 1"]
