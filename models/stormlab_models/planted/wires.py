"""Planted faults that need a network: proxies that cut what is silent."""

from stormlab.policy import Reconnect, Terms
from stormlab.selftest.planted import Planted
from stormlab.worlds.simulated import SimulatedWorld
from stormlab_models.planted.parts import EQUAL, PROOF

BEHIND_A_PROXY = SimulatedWorld(
    {
        "model": "fleet",
        "duration_s": 120.0,
        "clients": {"count": 1, "start": "cold"},
        "network": {"idle_cut_s": 30.0},
        "server": {"ping_interval_s": "off"},
        "messages": {"every_s": "off"},
    }
)


def _pinging(heartbeat_s: float | None) -> Reconnect:
    timeout_s = None if heartbeat_s is None else 5.0
    return Reconnect(EQUAL, reset=PROOF, terms=Terms(10.0, heartbeat_s, timeout_s))


FAULTS = (
    Planted(
        "no-heartbeat",
        "Nothing is sent on an idle connection: a proxy cuts it again and again.",
        "npm partysocket@1.3.0, graphql-ws@6.4.2: no heartbeat by default",
        "heartbeat-beats-the-proxy",
        "fleet",
        _pinging(None),
        _pinging(10.0),
        BEHIND_A_PROXY,
    ),
    Planted(
        "heartbeat-slower-than-the-proxy",
        "A ping every 40 s behind a proxy that cuts after 30 s of silence.",
        "the analysis, Improvement 2: 30 s pings, useless behind a cut of 10 s",
        "heartbeat-beats-the-proxy",
        "fleet",
        _pinging(40.0),
        _pinging(10.0),
        BEHIND_A_PROXY,
    ),
)
