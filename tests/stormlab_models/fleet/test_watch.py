"""Who notices a dead connection, and when."""

from collections.abc import Callable

import pytest

from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
At = Callable[..., list[float]]


def test_a_hung_host_is_noticed_by_heartbeat_only(fleet: Fleet, at: At) -> None:
    hang = [{"do": "hang", "at_s": 10, "for_s": 20}]
    without = fleet(faults=hang, policy="Every5")
    assert without.count(Event.CLOSE) == 0  # it never learns
    trace = fleet(faults=hang, policy="Patient3")
    lost = at(trace, Event.HEARTBEAT_LOST)
    assert len(lost) == 1
    assert 14 <= lost[0] <= 24  # next ping within 10 s, 4 s of patience
    again = [time for time in at(trace, Event.NEW) if time < 30]
    assert again, "it tries while the host is silent"
    ends = trace.of(Event.CLOSE)
    assert {trace.text(row) for row in ends} == {""}
    assert at(trace, Event.CLIENT_FIN)[0] == pytest.approx(again[0] + 3)  # its connect time-out


def test_a_client_that_is_cut_off_keeps_its_socket_if_the_cut_is_short(
    fleet: Fleet, at: At
) -> None:
    cut = {"do": "cut", "at_s": 10, "for_s": 3}
    trace = fleet(faults=[cut], policy="Patient3")
    assert trace.count(Event.CLOSE) == 0
    long = fleet(faults=[{**cut, "for_s": 45}], duration_s=200)
    assert long.count(Event.PING_TIMEOUT) == 1  # the server's own pings gave it up
    assert long.count(Event.CLOSE) == 1  # and its FIN came when the path healed
    assert 55 < at(long, Event.CLOSE)[0] < 120


def test_an_idle_proxy_cuts_what_is_silent(fleet: Fleet) -> None:
    quiet = {"server": {"ping_interval_s": "off"}, "messages": {"every_s": "off"}}
    cut = fleet(network={"idle_cut_s": 15}, **quiet)
    assert cut.count(Event.IDLE_CUT) >= 2
    held = fleet(network={"idle_cut_s": 15}, policy="Patient3", **quiet)
    assert held.count(Event.IDLE_CUT) == 0  # it pings every 10 s
