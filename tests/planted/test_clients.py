"""Faults put into a sound client of real code, one at a time; the search finds each by its promise.

The sound client keeps every promise, and the one that is written by hand on the first day breaks
those that it should. Files: ``tests/stormlab/check/clients``.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from stormlab.check import BUDGETS, Budget, check_client
from stormlab.hosts.recipe import Declares
from stormlab.hosts.wire import Caller, Data, SilentPeer
from stormlab.properties import PROMISES

pytestmark = pytest.mark.npm

CLIENTS = Path(__file__).parents[1] / "stormlab" / "check" / "clients"
SOUND, HANDWRITTEN = CLIENTS / "sound.ts", CLIENTS / "handwritten.ts"
SEEDS, FOUND_MIN = range(10), 9
CI = Budget("ci, not shrunk", BUDGETS["ci"].cases, shrink_tries=0)
NO_SHRINKING = replace(BUDGETS["dev"], shrink_tries=0)
DECLARES = Declares(
    gives_up=False,
    resets_on="stable",
    stable_s=10.0,
    connect_timeout_s=10.0,
    heartbeat_s=20.0,
    heartbeat_timeout_s=5.0,
)


class Answering(SilentPeer):
    """An application that answers whatever it is told."""

    def message(self, caller: Caller, data: Data) -> None:
        """Answer."""
        del data
        caller.send("welcome")


@dataclass(frozen=True)
class Fault:
    """``new`` in the place of ``old``, which stands in the sound client once."""

    name: str
    promise: str
    old: str
    new: str

    def write(self, folder: Path) -> Path:
        """The faulty client as a file."""
        text = SOUND.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, self.name
        place = folder / f"{self.name}.ts"
        place.write_text(text.replace(self.old, self.new), encoding="utf-8")
        return place


FAULTS = (
    Fault("no-jitter", "jitter-survives-the-cap", "ceiling * Math.random()", "ceiling"),
    Fault(
        "at-once-after-a-loss",
        "first-retry-is-spread",
        "ceiling * Math.random()",
        "this.failures === 1 ? 0 : ceiling * Math.random()",
    ),
    Fault(
        "forgets-when-it-opens",
        "backoff-survives-flapping",
        'this.after("stable", STABLE_MS, () => (this.failures = 0));',
        "this.failures = 0;",
    ),
    Fault(
        "never-forgets",
        "forgets-when-stable",
        'this.after("stable", STABLE_MS, () => (this.failures = 0));',
        "",
    ),
    Fault(
        "overflows-32-bits",
        "delay-survives-overflow",
        "FIRST_MS * 2 ** Math.min(this.failures, 10)",
        "FIRST_MS * (1 << this.failures)",
    ),
    Fault(
        "starts-again-at-the-cap",
        "delay-grows-to-the-cap",
        "Math.min(this.failures, 10)",
        "(this.failures % 6)",
    ),
    Fault(
        "hot-after-a-clean-end",
        "calm-when-fooled",
        "socket.onclose = () => this.lost();",
        """socket.onclose = (event) => {
      if (!event.wasClean) return this.lost();
      this.drop();
      this.connect();
    };""",
    ),
    Fault(
        "ends-with-1001",
        "converges",
        "socket.onclose = () => this.lost();",
        "socket.onclose = (event) => (event.code === 1001 ? this.drop() : this.lost());",
    ),
    Fault(
        "gives-up-in-silence",
        "survives-long-outages",
        "    this.failures += 1;",
        "    this.failures += 1;\n    if (this.failures > 12) return;",
    ),
    Fault(
        "no-patience",
        "converges",
        'this.after("patience", PATIENCE_MS, () => this.lost());',
        "",
    ),
    Fault(
        "hears-no-silence",
        "notices-a-dead-peer",
        'this.after("answer", ANSWER_MS, () => this.lost());',
        "",
    ),
    Fault(
        "timers-after-close",
        "quiet-after-the-end",
        "for (const name of Object.keys(this.timers)) clearTimeout(this.timers[name]);",
        "",
    ),
    Fault(
        "handlers-after-close",
        "quiet-after-the-end",
        "socket.onopen = socket.onmessage = socket.onclose = null;",
        "",
    ),
    Fault("stays-connected", "closes-for-good", "    socket.close();\n", ""),
    Fault(
        "two-sockets",
        "one-live-socket",
        "  reconnect(): void {\n    this.drop();",
        "  reconnect(): void {",
    ),
    Fault(
        "deaf-to-reconnect",
        "converges",
        "  close(): void {\n    this.drop();",
        "  close(): void {\n    this.connect = () => {};\n    this.drop();",
    ),
    Fault(
        "sends-too-early",
        "sends-when-open",
        "    this.socket = socket;\n",
        '    this.socket = socket;\n    try { socket.send("hello"); } catch {}\n',
    ),
    Fault(
        "reads-what-is-no-json",
        "raises-nothing",
        "socket.onmessage = () => clearTimeout",
        "socket.onmessage = (event) => JSON.parse(event.data) && clearTimeout",
    ),
    Fault(
        "hammers",
        "amplification-bounded",
        "const CAP_MS = 20_000;",
        "const CAP_MS = 1_600;",
    ),
)

ALL = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
QUICK = [each for each in FAULTS if "herd" not in PROMISES[each.promise].tiers]


def found_in(fault: Fault, folder: Path, seed: int) -> bool:
    verdict = check_client(
        fault.write(folder),
        peer=Answering,
        declares=DECLARES,
        promises=[fault.promise],
        budget=CI,
        seed=seed,
    )
    return bool(verdict.broken)


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_the_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    assert found_in(fault, tmp_path, 0)


def test_no_promise_of_code_alone_is_vacuous() -> None:
    of_code = {name for name, promise in PROMISES.items() if promise.tiers == ("code",)}
    assert of_code <= {fault.promise for fault in FAULTS}


@pytest.mark.slow
@ALL
def test_the_fault_is_found_in_nine_of_ten_seeds(fault: Fault, tmp_path: Path) -> None:
    assert sum(found_in(fault, tmp_path, seed) for seed in SEEDS) >= FOUND_MIN


def test_the_sound_client_keeps_its_promises() -> None:
    assert_kept(replace(BUDGETS["dev"], cases={"herd": 1, "code": 60}), 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_the_sound_client_is_never_called_broken(seed: int) -> None:
    assert_kept(CI, seed)


def assert_kept(budget: Budget, seed: int) -> None:
    verdict = check_client(SOUND, peer=Answering, declares=DECLARES, budget=budget, seed=seed)
    assert not verdict.broken, verdict.text()


OF_A_FIRST_DAY = {
    "jitter-survives-the-cap",
    "fleet-disperses",
    "first-retry-is-spread",
    "converges",
    "calm-when-fooled",
    "backoff-survives-flapping",
    "one-live-socket",
    "one-connection-at-the-server",
    "quiet-after-the-end",
    "sends-when-open",
    "raises-nothing",
    "closes-for-good",
}


def test_the_client_of_a_first_day_breaks_what_it_should() -> None:
    verdict = check_client(HANDWRITTEN, declares=Declares(gives_up=False), budget=NO_SHRINKING)
    assert {each.name for each in verdict.broken} == OF_A_FIRST_DAY, verdict.text()
