"""A library in real Chromium and in the lab: the same bundle, the same draws, the same attempts.

The page runs at a fraction of the world's time: its timers are scaled, and so is the server's life.
"""

import json
import threading
from typing import Any

import pytest
from tests.integration.real_websockets import RealServer, chromium, in_chromium

from stormlab.draws import Draws
from stormlab.hosts.javascript.code import code_of, run_recipe
from stormlab.hosts.recipe import Recipe
from stormlab.policy.chance import address
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld
from stormlab.worlds.phases import Phase

pytestmark = [pytest.mark.slow, pytest.mark.fidelity]

SCALE = 0.2
TRIES = 3
EVENTS = {"new": Event.NEW, "open": Event.OPEN, "close": Event.CLOSE}
TOLERANCE_S = 1.0  # of the world: 200 ms
WORLD = BareWorld(
    (Phase("serve", 6), Phase("refuse", 25), Phase("serve", 8), Phase("refuse", 5)),
    settle_s=20,
    seed=3,
)
LIBRARIES = {
    "reconnecting-websocket@4.4.0": """
      (lib, env) => { const s = new lib.default(env.url); return { close: () => s.close() }; }""",
    "partysocket@1.3.0": """
      (lib, env) => { const s = new lib.WebSocket(env.url); return { close: () => s.close() }; }""",
    "robust-websocket@1.0.0": """
      (lib, env) => {
        const s = new (lib.default || lib)(env.url);
        return { close: () => s.close() };
      }""",
}
ENTRIES = {
    "partysocket@1.3.0": 'export { WebSocket } from "partysocket";',
    "robust-websocket@1.0.0": 'export { default } from "robust-websocket";',
}
PAGE = """
const log = [], began = performance.now(), scale = %(scale)s;
const told = (what) => log.push([what, (performance.now() - began) / scale / 1000]);
const set = window.setTimeout, draws = %(draws)s;
window.setTimeout = (call, ms, ...rest) => set(call, ms * scale, ...rest);
Math.random = () => draws.shift();
const Real = window.WebSocket;
window.WebSocket = class extends Real {
  constructor(...given) {
    super(...given);
    told("new");
    this.addEventListener("open", () => told("open"));
    this.addEventListener("close", () => told("close"));
  }
};
fetch("/log", { method: "POST", body: '"began"' }).then(() => {
  const start = (() => { %(code)s })();
  start({ url: "ws://127.0.0.1:%(port)s/open", number: 0, note() {} });
  set(() => report(log), %(end_ms)s);
});
"""


def live(server: RealServer, pages: RealServer) -> None:
    """Follow the world's phases, once the page has begun."""
    pages.has_posted("began", 30)
    ready = threading.Event()  # never set: a wait that ends by itself
    for phase in WORLD.phases:
        if phase.what == "serve":
            server.listen()
        else:
            server.kill()
        ready.wait(phase.for_s * SCALE)
    server.listen()


def in_reality(package: str, code: str) -> dict[str, list[float]]:
    """When the library did what, in seconds of the world."""
    draws = [Draws(WORLD.seed).unit(address(0), "Math.random", n) for n in range(200)]
    server, pages = RealServer(), RealServer()
    script = PAGE % {
        "scale": SCALE,
        "draws": json.dumps(draws),
        "code": code,
        "port": server.port,
        "end_ms": WORLD.end_s * SCALE * 1000,
    }
    follower = threading.Thread(target=live, args=(server, pages), name=package, daemon=True)
    follower.start()
    try:
        log: Any = in_chromium(pages, script, WORLD.end_s * SCALE + 40)
    finally:
        follower.join(40)
        server.stop()
        pages.stop()
    return {what: [at_s for each, at_s in log if each == what] for what in EVENTS}


@pytest.mark.parametrize("package", LIBRARIES)
def test_a_library_connects_in_chromium_when_it_does_in_the_lab(package: str) -> None:
    """A machine that is busy is late: then it is tried again."""
    if chromium() is None:
        pytest.skip("Chromium is not installed")
    recipe = Recipe(package, f"npm:{package}", LIBRARIES[package], entry=ENTRIES.get(package))
    story = run_recipe(recipe, WORLD)
    lab = {
        what: pytest.approx([each / 1e9 for each in story.times_ns(event)], abs=TOLERANCE_S)
        for what, event in EVENTS.items()
    }
    for _ in range(TRIES):
        found = in_reality(package, code_of(recipe).text)
        if found == lab:
            return
    assert found == lab
