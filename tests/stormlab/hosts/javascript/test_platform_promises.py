"""Rejections that nobody handles: which are told, and that watching changes no order."""

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]
LOST = "Unhandled rejection: Error: lost"


@pytest.mark.parametrize(
    "code",
    [
        "Promise.reject(new Error('lost'))",
        "new Promise((_, reject) => reject(new Error('lost')))",
        "new Promise(() => { throw new Error('lost'); })",
        "Promise.resolve().then(() => { throw new Error('lost'); })",
        "Promise.resolve().then(() => Promise.reject(new Error('lost')))",
        "Promise.reject(new Error('lost')).then(() => {})",
        "Promise.reject(new Error('lost')).finally(() => {})",
        "Promise.reject(1).catch(() => { throw new Error('lost'); })",
        "Promise.all([Promise.reject(new Error('lost'))])",
        "Promise.race([Promise.reject(new Error('lost'))])",
        "Promise.withResolvers().reject(new Error('lost'))",
        "(class Mine extends Promise {}).reject(new Error('lost'))",
    ],
)
def test_a_rejection_that_nobody_handles_is_told_once(lab: Make, code: str) -> None:
    assert lab(f"{code};").run().errors == [LOST]


@pytest.mark.parametrize(
    "code",
    [
        "Promise.reject(1).catch(() => {})",
        "Promise.reject(1).then(() => {}, () => {})",
        "(async () => { try { await Promise.reject(1); } catch {} })()",
        "(async () => { const p = Promise.reject(1); await null; try { await p; } catch {} })()",
        "const p = Promise.reject(1); queueMicrotask(() => p.catch(() => {}))",
        "Promise.allSettled([Promise.reject(1)])",
        "Promise.all([Promise.reject(1), Promise.reject(2)]).catch(() => {})",
        "(async () => { for await (const x of [Promise.reject(1)]) say(x); })().catch(() => {})",
        "Promise.resolve(Promise.reject(1)).catch(() => {})",
        "new Promise((resolve) => resolve(Promise.reject(1))).catch(() => {})",
    ],
)
def test_a_rejection_that_is_handled_in_time_is_not_told(lab: Make, code: str) -> None:
    assert lab(f"{code};").run().errors == []


def test_a_rejection_handled_a_task_later_is_told_as_in_a_browser(lab: Make) -> None:
    assert lab(
        "const p = Promise.reject(new Error('lost')); setTimeout(() => p.catch(() => {}), 0);"
    ).run().errors == [LOST]


ORDER = """
const log = [];
const tick = (name, n) => { let p = Promise.resolve(); for (let i = 0; i < n;
  i++) p = p.then(() => log.push(name + i)); };
tick("a", 8);
(async () => { log.push("s"); await null; log.push("1"); await Promise.resolve(); log.push("2");
  return Promise.resolve(); })().then(() => log.push("done"));
new Promise((resolve) => resolve(Promise.resolve())).then(() => log.push("nested"));
Promise.resolve({ then(f) { log.push("thenable"); f();
  } }).then(() => log.push("after thenable"));
Promise.all([1, Promise.resolve(2)]).then(() => log.push("all"));
Promise.reject(1).finally(() => log.push("finally")).catch(() => log.push("catch"));
(async function* () { yield 1; })().next().then(() => log.push("generated"));
tick("b", 8);
"""


def test_watching_changes_no_order_of_microtasks(lab: Make) -> None:
    """The same code in an engine of which nothing is watched."""
    quickjs = pytest.importorskip("quickjs")
    plain = quickjs.Context()
    plain.eval(ORDER + "; globalThis.log = log; 0")
    while plain.execute_pending_job():
        pass
    expected = plain.eval("log.join(' ')")
    ran = lab(
        f"""{ORDER} setTimeout(() => {{ const t = log.join(' '); say(t.slice(0, 250));
          say(t.slice(250)); }}, 1)"""
    ).run()
    assert (
        "".join(part.removesuffix(" ") if i else part for i, part in enumerate(ran.said))
        == expected
    )
    assert ran.errors == []


def test_promise_looks_as_ever(value: Make) -> None:
    assert value("Promise.name") == "Promise"
    assert value("Promise.resolve(1) instanceof Promise")
    assert value("Promise.prototype.constructor === Promise")
    assert value("Object.getPrototypeOf(Promise.resolve()) === Promise.prototype")
    assert value("(() => { const p = Promise.resolve(1); return Promise.resolve(p) === p; })()")
    assert value("Object.keys(Promise.resolve(1))") == []
    assert value("(class A extends Promise {}).resolve(1).then(() => {}).constructor.name") == "A"
