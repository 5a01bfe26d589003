"""The engine: what code under test cannot reach, what stops it, and that others go on."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript import engine
from stormlab.hosts.javascript.engine import Code, CodeError, Engine, engine_for

Make = Callable[..., Any]


def test_code_that_is_not_javascript_is_refused_in_one_line() -> None:
    with pytest.raises(CodeError, match=r"^mine: SyntaxError: [^\n]+$"):
        Engine().compile(Code("mine", "const = 1;", "() => 0", "broken"))


def test_a_missing_engine_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "quickjs", None)
    with pytest.raises(HostError, match="quickjs-ng"):
        Engine()


def test_a_code_is_compiled_once() -> None:
    code, one = Code("c", "const __lib = 1;", "(lib, env) => 0", "once"), Engine()
    assert one.compile(code) == one.compile(code) == 0
    assert one.compile(Code("d", "const __lib = 1;", "(lib, env) => 1", "twice")) == 1


def test_engines_are_kept_by_code_and_only_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ENGINES_KEPT", 2)
    codes = [Code("c", "const __lib = 1;", "(lib, env) => 0", f"kept {n}") for n in range(3)]
    first = engine_for(codes[0])
    assert engine_for(codes[0]) is first
    engine_for(codes[1])
    engine_for(codes[2])
    assert engine_for(codes[0]) is not first
    monkeypatch.setattr(engine, "CLIENTS_MAX", 0)
    assert engine_for(codes[0]) is not engine_for(codes[0])


REACHES = [
    "import('std')",
    "import('os')",
    "import('fs')",
    "import('file:///etc/passwd')",
    "import('/etc/passwd')",
    "Promise.resolve().then(() => require('fs'))",
    "Promise.resolve().then(() => process.binding('fs'))",
    "Promise.resolve().then(() => std.open('/etc/passwd', 'r'))",
    "Promise.resolve().then(() => os.exec(['ls']))",
    "Promise.resolve().then(() => load('/etc/passwd'))",
    "Promise.resolve().then(() => new Function('return std')())",
    "Promise.resolve().then(() => (0, eval)('lab'))",
    "Promise.resolve().then(() => (() => {}).constructor('return lab')())",
    """Promise.resolve().then(
      () => this.constructor.constructor('return process')().mainModule.require('fs'))""",
    "Promise.resolve().then(() => [].constructor.constructor('return P')())",
    "Promise.resolve().then(() => __import__('os'))",
    "fetch('file:///etc/passwd')",
]


@pytest.mark.parametrize("profile", ["browser", "node"])
@pytest.mark.parametrize("code", REACHES)
def test_code_reaches_neither_files_nor_modules_nor_the_platform(
    lab: Make, code: str, profile: str
) -> None:
    ran = lab(
        f"{code}.then((x) => say('reached', x), (e) => say('no', e.name));", profile=profile
    ).run(1)
    assert [text.split()[0] for text in ran.said] == ["no"]


def test_the_real_global_object_holds_nothing_of_the_host(value: Make) -> None:
    names = value("Object.getOwnPropertyNames(new Function('return this')())")
    assert not {
        "lab",
        "std",
        "os",
        "bjson",
        "print",
        "load",
        "require",
        "process",
        "P",
        "__loadScript",
    } & set(names)
    assert value(
        "new Function('return Object.getPrototypeOf(globalThis)')() === Object.prototype || true"
    )


BOMBS = {
    "for (;;) {}": "endless loop",
    "const f = () => Promise.resolve().then(f); f();": "never comes to an end",
    "const f = () => queueMicrotask(f); f();": "never comes to an end",
    "(async () => { for (;;) await null; })();": "never comes to an end",
    """const c = new MessageChannel(); c.port1.onmessage = () => c.port2.postMessage(0);
      c.port2.postMessage(0);""": "never waits",
    "const f = () => setTimeout(f, 0); f();": "never waits",
    "const f = () => requestIdleCallback(f); f();": "never waits",
    "const a = []; for (;;) a.push(new Array(1e6).fill(1));": "memory",
    "let s = 'x'; for (;;) s += s;": "",
    "for (;;) console.log('again');": "endless loop",
    "for (;;) { try { for (;;) {} } catch {} }": "endless loop",
    "/(a+)+$/.test('a'.repeat(50) + 'b');": "",
    """const f = () => { for (let i = 0; i < 3e6; i++); queueMicrotask(f); };
      f();""": "never comes to an end",
    "for (;;) new WebSocket(env.url);": "endless loop",
    "for (;;) setTimeout(() => {}, 5);": "endless loop",
    "JSON.parse('['.repeat(1e6));": "",
}


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second is enough for code that never ends."""
    monkeypatch.setattr(engine, "CALL_S_MAX", 0.5)
    monkeypatch.setattr(engine, "EVENT_S_MAX", 1.0)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("code", BOMBS)
def test_what_never_ends_is_stopped_in_one_line_and_the_next_client_works(
    lab: Make, code: str
) -> None:
    ran = lab(code).run(300)
    told = ran.halted or ran.errors
    assert len(told) == 1
    assert BOMBS[code] in told[0]
    assert "\n" not in told[0]
    assert bool(ran.halted) == ran.client.halted
    again = lab("say('works')").run(1)
    assert again.said == ["works"]


def test_setting_immediates_without_end_is_stopped(lab: Make) -> None:
    ran = lab("const f = () => setImmediate(f); f();", profile="node").run(1)
    assert ran.halted == ["more than 20,000 events in a second: it never waits"]


def test_a_deep_recursion_is_an_error_of_the_code_and_no_crash(lab: Make) -> None:
    for code in (
        "const f = () => 1 + f(); f();",
        "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; JSON.stringify(o);",
        "const o = { get a() { return this.a; } }; o.a;",
        """class A extends Promise { constructor(f) { super(f); this.then(() => {});
          } } new A(() => {});""",
    ):
        ran = lab(f"{code} say('after');").run(1)
        assert len(ran.errors) == 1, code
        assert "Maximum call stack size exceeded" in ran.errors[0]
    assert lab("try { (function f() { f(); })(); } catch (e) { say(e.name); }").run(1).said == [
        "RangeError"
    ]


@pytest.mark.usefixtures("_impatient")
def test_a_halted_client_does_nothing_more(lab: Make) -> None:
    ran = lab(
        """setTimeout(() => { for (;;) {} }, 10); setTimeout(() => say('never'), 20);
          new WebSocket(env.url).onopen = () => say('never');"""
    )
    ran.run(5)
    assert ran.said == []
    ran.client.call("close")
    ran.client.online(online=False)
    ran.client.forget()
    assert len(ran.halted) == 1


def test_an_interval_of_a_tenth_of_a_second_may_run_for_hours(lab: Make) -> None:
    ran = lab(
        "let n = 0; setInterval(() => { n += 1; }, 100); setTimeout(() => say(n), 3600000);"
    ).run(3601)
    assert ran.said == ["35999"]
    assert ran.halted == []


SPOILS = [
    "JSON.stringify = () => 'rubbish';",
    "JSON.parse = null; Map.prototype.get = () => undefined;",
    "Array.prototype.toJSON = () => 'x';",
    "Object.prototype.toJSON = () => 5;",
    "Array.prototype.push = () => 0;",
    "Array.prototype.shift = undefined; Array.prototype.unshift = undefined;",
    "Object.defineProperty(Array.prototype, 0, { set() {} });",
    "Map.prototype.set = () => { throw new Error('mine'); };",
    "Promise.prototype.then = null; WebSocket.prototype.send = null;",
    "globalThis.constructor.prototype.polluted = 1;",
    "({}).__proto__.polluted = 1;",
    "new Function('return this')().leaked = 1;",
    "(0, eval)('var leaked = 1');",
    "leaked = 1;",
    "Math.random = () => 0.5; Date.now = () => 0;",
    "Object.freeze(Array.prototype); Object.freeze(Object.prototype);",
    "Function.prototype.call = null;",
    "String.prototype.slice = null; String.prototype.toWellFormed = null;",
    "Object.setPrototypeOf(globalThis, null);",
    "Object.setPrototypeOf(Object.getPrototypeOf(globalThis), { leaked: 1 });",
]
LOOK = """typeof polluted, typeof leaked, ({}).polluted, JSON.stringify([1]), [1, 2].length,
  Math.random() !== 0.5, Date.now() > 1e9, Object.isFrozen(Array.prototype)"""


@pytest.mark.parametrize("code", SPOILS)
def test_what_one_client_breaks_is_not_met_by_the_next(lab: Make, code: str) -> None:
    """Both of one code, which decides by the client's number what it does."""
    both = f"""
    if (env.number === 1) {{ {code} new WebSocket(env.url); setTimeout(() => say('later'), 10);
      say('broke'); return; }}
    say({LOOK}); const s = new WebSocket(env.url); s.onopen = () => s.send('x');"""
    expected = lab(both, own_context=True).run(5)
    assert expected.errors == []
    broken = lab(both, client=1).run(5)
    broken.client.forget()
    assert len(broken.halted) <= 1
    after = lab(both).run(5)
    after.client.forget()
    assert after.diary.steps == expected.diary.steps


def test_an_option_named_proto_pollutes_nothing(lab: Make) -> None:
    ran = lab("""
    const options = JSON.parse('{"__proto__": {"polluted": 1}, '
      + '"constructor": {"prototype": {"polluted": 1}}}');
    const t = new EventTarget(); t.addEventListener("x", () => say("heard"), options);
    t.dispatchEvent(new Event("x", options)); new Blob([], options); structuredClone(options);
      new URLSearchParams(options);
    localStorage.setItem("__proto__", "p"); localStorage.__proto__ = "q";
      say(({}).polluted, localStorage.getItem("__proto__"));
    env.note("__proto__", "kept");""").run(1)
    assert ran.said == ["heard", "undefined q", "__proto__ kept"]
    assert ran.client._engine.clean()


def test_a_clean_engine_is_kept_and_a_spoiled_one_is_not(lab: Make) -> None:
    ran = lab("say(env.number);").run(1)
    kept = engine_for(ran.code)
    ran.client.forget()
    assert engine_for(ran.code) is kept
    ran = lab("Array.prototype.last = 1;").run(1)
    spoiled = engine_for(ran.code)
    ran.client.forget()
    assert engine_for(ran.code) is not spoiled


def test_clients_of_one_engine_do_not_see_each_others_globals(lab: Make) -> None:
    body = """
    say(typeof globalThis.mine, typeof window.mine, localStorage.length, document.title);
    globalThis.mine = window.own = 1; localStorage.a = "b"; document.title = "t";
      addEventListener("online", () => say("online", env.number));"""
    one, two = lab(body, client=1).run(1), lab(body, client=2).run(1)
    assert one.client._engine is two.client._engine
    two.client.online(online=True)
    assert one.said == ["undefined undefined 0 "]
    assert two.said == ["undefined undefined 0 ", "online 2"]


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from conftest import Echo, Lab
body = '''
const s = new WebSocket(env.url + "?" + Math.random()); const set = new Set(["b", "a"]), o = {
  z: 1, b: 2, 7: 3 };
s.onopen = () => { s.send(JSON.stringify([...set, Object.keys(o), crypto.randomUUID(),
  Date()])); };
s.onmessage = (e) => { say(e.data); setTimeout(() => s.close(), Math.random() * 1e4); };
s.onclose = () => { throw new Error(String(Math.random())); };'''
for step in Lab(body, seed=5, peer=Echo()).run(60).diary.steps:
    print(step)
"""


def test_stories_are_equal_in_two_processes_with_different_hash_seeds() -> None:
    here = str(Path(__file__).parent)
    told = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, here],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/New_York"))
    ]
    assert told[0] == told[1]
    assert told[0].count("\n") > 8


def test_a_full_engine_makes_room_for_another_one_and_lives_are_the_same(
    lab: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "const s = new WebSocket(env.url); s.onopen = () => say(env.number, Math.random());"
    plain = [lab(body, client=number).run(1).said for number in range(3)]
    monkeypatch.setattr(engine, "ALIVE_MAX", 2)
    labs = [lab(f"/* others */ {body}", client=number) for number in range(3)]
    engines = [each.client._engine for each in labs]
    assert engines[0] is engines[1]
    assert engines[1] is not engines[2]
    assert [each.run(1).said for each in labs] == plain
    labs[2].client.forget()
    assert engines[2].alive == 0


def test_clients_of_different_codes_share_nothing_even_while_both_live(lab: Make) -> None:
    bad = lab("""
    Object.prototype.polluted = 1; Math.random = () => 0; WebSocket.prototype.send = null;
    Array.prototype.push = () => 0; say("spoiled");""").run(1)
    good = lab("say(({}).polluted, Math.random() > 0, typeof WebSocket.prototype.send);").run(1)
    assert bad.said == ["spoiled"]
    assert good.said == ["undefined true function"]
