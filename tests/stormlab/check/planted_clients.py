"""Faults put into ``clients/sound.ts``, one at a time, each with the promise that must find it."""

from dataclasses import dataclass
from pathlib import Path

from stormlab.hosts.recipe import Declares
from stormlab.hosts.wire import Caller, Data, SilentPeer

CLIENTS = Path(__file__).parent / "clients"
SOUND, HANDWRITTEN = CLIENTS / "sound.ts", CLIENTS / "handwritten.ts"
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
        "socket.onclose = (event) => event.code !== 1001 && this.lost();",
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
        "pings-without-asking",
        "raises-nothing",
        "if (this.socket?.readyState === WebSocket.OPEN) this.socket.send",
        "if (Math.random() < 0.01) throw new Error; else this.socket.send",
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
        "const CAP_MS = 100;",
    ),
)
