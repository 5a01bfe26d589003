"""One client, step by step, with sums done by hand; then what a whole fleet does."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from stormlab.clock import to_s
from stormlab.model import make_scenario, run
from stormlab.scenario import ScenarioError
from stormlab.trace import Trace
from stormlab.vocabulary import Event

Fleet = Callable[..., Trace]
Story = Callable[..., list[tuple[float, str]]]

CRASH = {"do": "crash", "at_s": 10, "for_s": 7}


def at(trace: Trace, *events: Event) -> list[float]:
    """The seconds of these events, without the settled ones."""
    rows = trace.of(*events)
    settled = [trace.text(row) == "settled" for row in rows]
    return [
        round(to_s(int(row["time_ns"])), 6)
        for row, given in zip(rows, settled, strict=True)
        if not given
    ]


def test_a_crash_step_by_step(fleet: Fleet, story: Story) -> None:
    trace = fleet(faults=[CRASH], server={"handshake_s": 0.002})
    assert story(trace) == [
        (10.01, "page.close"),  # the reset needs 10 ms
        (10.01, "page.timer_set"),
        (15.01, "page.timer_fired"),
        (15.01, "page.new"),
        (15.01, "net.connect"),
        (15.02, "net.refused"),
        (15.03, "page.close"),
        (15.03, "page.timer_set"),
        (20.03, "page.timer_fired"),
        (20.03, "page.new"),
        (20.03, "net.connect"),
        (20.04, "net.established"),
        (20.06, "net.request"),  # the SYN-ACK and the request: two more ways
        (20.06, "srv.started"),
        (20.062, "srv.served"),
        (20.062, "srv.accepted"),
        (20.062, "net.response"),
        (20.072, "page.open"),
        (20.072, "page.proved"),
    ]


@pytest.mark.parametrize(
    ("tls", "resumed", "round_trips"),
    [("1.3", 0, 1), ("1.3", 1, 1), ("1.2", 0, 2), ("1.2", 1, 1), ("none", 0, 0)],
)
def test_tls_costs_round_trips(fleet: Fleet, tls: str, resumed: float, round_trips: int) -> None:
    network = {"tls": tls, "resumed_share": resumed}
    trace = fleet(faults=[{"do": "crash", "at_s": 10, "for_s": 1}], network=network)
    connect, request = at(trace, Event.CONNECT)[0], at(trace, Event.REQUEST)[0]
    assert request - connect == pytest.approx(0.01 * (3 + 2 * round_trips))
    assert trace.count(Event.TLS) == (tls != "none")


def test_a_stop_closes_with_1012_and_spreads_when_asked(fleet: Fleet) -> None:
    stop = {"do": "stop", "at_s": 10, "for_s": 1}
    server = {"close_spread_s": 8}
    trace = fleet(faults=[stop], clients={"count": 8}, server=server)
    closes = trace.of(Event.CLOSE)
    assert set(closes["code"].tolist()) == {1012}
    assert set(closes["clean"].tolist()) == {1}
    assert sorted(at(trace, Event.CLOSED)) == [10, 11, 12, 13, 14, 15, 16, 17]


def test_a_hung_host_is_noticed_by_heartbeat_only(fleet: Fleet) -> None:
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


def test_syns_into_silence_follow_the_kernels_lattice(fleet: Fleet) -> None:
    faults = [{"do": "crash", "at_s": 10, "for_s": 400}]
    trace = fleet(faults=faults, server={"down": "hang"}, duration_s=200)
    first = at(trace, Event.CONNECT)[0]
    retries = [round(time - first, 6) for time in at(trace, Event.SYN_RETRY)]
    assert retries[:10] == [1, 2, 3, 4, 5, 7, 11, 19, 35, 67]
    gave_up = at(trace, Event.CLOSE)[1]
    assert gave_up - first == pytest.approx(131)


def test_workers_and_queue(fleet: Fleet) -> None:
    """Ten clients, one worker of 100 ms: they open 100 ms apart, the first first."""
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server = {"workers": 1, "handshake_s": 0.1}
    trace = fleet(faults=[crash], clients={"count": 10}, server=server)
    assert at(trace, Event.OPEN) == [round(15.06 - 0.01 + 0.1 * n, 6) for n in range(1, 11)]
    assert trace.of(Event.OPEN)["client"].tolist()[10:] == list(range(10))
    waiting = trace.of(Event.QUEUED_REQUEST)["code"].tolist()
    assert waiting == list(range(9))
    newest = fleet(faults=[crash], clients={"count": 10}, server={**server, "queue": "lifo"})
    assert newest.of(Event.OPEN)["client"].tolist()[10:] == [0, *range(9, 0, -1)]


def test_a_full_queue_drops_syns_or_refuses(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server = {"workers": 1, "handshake_s": 0.1, "backlog": 3}
    dropped = fleet(faults=[crash], clients={"count": 10}, server=server)
    assert dropped.count(Event.QUEUE_FULL) >= 7
    assert dropped.count(Event.REFUSED) == 0
    assert dropped.count(Event.SYN_RETRY) >= 7
    refused = fleet(faults=[crash], clients={"count": 10}, server={**server, "overflow": "refuse"})
    assert refused.count(Event.REFUSED) == refused.count(Event.QUEUE_FULL) >= 7
    assert refused.count(Event.SYN_RETRY) == 0


def test_work_for_clients_that_have_gone_is_wasted_or_skipped(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    server: dict[str, Any] = {"workers": 1, "handshake_s": 1.0}
    served = fleet(faults=[crash], clients={"count": 10}, server=server, policy="Patient3")
    assert served.of(Event.SERVED)["code"].tolist()[:3] == [0, 0, 1]  # the third waited 3 s
    skipped = fleet(
        faults=[crash],
        clients={"count": 10},
        server={**server, "abandoned": "skipped"},
        policy="Patient3",
    )
    assert skipped.of(Event.SERVED)["code"].sum() < served.of(Event.SERVED)["code"].sum()
    assert skipped.count(Event.OPEN) > served.count(Event.OPEN)


def test_accepted_only_to_be_closed(fleet: Fleet) -> None:
    reject = {"do": "reject", "at_s": 8, "for_s": 20, "code": 1011}
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    trace = fleet(faults=[reject, crash])
    codes = trace.of(Event.CLOSE)["code"].tolist()
    assert codes == [1006, 1011, 1011, 1011]
    assert trace.count(Event.PROVED) == 1  # only the last connection proves itself
    opened, closed = at(trace, Event.OPEN), at(trace, Event.CLOSED)
    assert closed[0] - (opened[0] - 0.01) == pytest.approx(0.05)


def test_a_dependency_that_fails_closes_with_1011(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    dependency = {"workers": 1, "service_s": 2, "timeout_s": 5, "tries": 1}
    trace = fleet(faults=[crash], clients={"count": 4}, dependency=dependency)
    outcomes = Counter(trace.text(row) for row in trace.of(Event.DEPENDENCY))
    assert outcomes["ok"] >= 2
    assert outcomes["failed"] >= 2  # the third would have waited 6 s
    assert 1011 in trace.of(Event.CLOSE)["code"]


def test_a_rejection_by_admission_shows_its_status_to_libraries_only(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    admission = {"rate_per_s": 0.1, "burst": 1}
    for sees in (False, True):
        trace = fleet(
            faults=[crash],
            policy="Reports",
            clients={"count": 2, "sees_status": sees},
            admission=admission,
            server={"retry_after_s": 7},
        )
        assert sorted(trace.of(Event.RESPONSE)["code"].tolist()) == [101, 503]
        told = [trace.text(row) for row in trace.of(Event.GAVE_UP)]
        assert told == ["503, after 7000000000 ns" if sees else "0, after None ns"]


def test_a_client_that_is_cut_off_keeps_its_socket_if_the_cut_is_short(fleet: Fleet) -> None:
    cut = {"do": "cut", "at_s": 10, "for_s": 3}
    trace = fleet(faults=[cut], policy="Patient3")
    assert trace.count(Event.CLOSE) == 0
    long = fleet(faults=[{**cut, "for_s": 45}], duration_s=200)
    assert long.count(Event.PING_TIMEOUT) == 1  # the server's own pings gave it up
    assert long.count(Event.CLOSE) == 1  # and its FIN came when the path healed
    assert 55 < at(long, Event.CLOSE)[0] < 120


def test_half_of_the_clients_is_about_half(fleet: Fleet) -> None:
    cut = {"do": "cut", "at_s": 10, "for_s": 30, "share": 0.5}
    trace = fleet(faults=[cut], policy="Patient3", clients={"count": 400})
    lost = len(set(trace.of(Event.HEARTBEAT_LOST)["client"].tolist()))
    assert 160 < lost < 240


def test_offline_and_online_are_told(fleet: Fleet) -> None:
    offline = {"do": "offline", "at_s": 10, "for_s": 12}
    trace = fleet(faults=[offline], policy="AtOnceOnline")
    assert at(trace, Event.CLOSE) == [10, 15.001, 20.002]  # closed; refused at once while offline
    assert at(trace, Event.NEW) == [15, 20.001, 22]  # and at once when online


def test_hidden_pages_wake_on_a_grid_of_their_own(fleet: Fleet) -> None:
    hide = {"do": "hide", "at_s": 1, "for_s": 800}
    crash = {"do": "crash", "at_s": 400, "for_s": 100}
    trace = fleet(faults=[hide, crash], clients={"count": 50}, duration_s=900)
    rows = trace.of(Event.NEW)
    for client in range(50):
        times = rows["time_ns"][(rows["client"] == client) & (rows["time_ns"] > 0)]
        assert len(set((times % 60_000_000_000).tolist())) == 1
    shown = fleet(faults=[{**hide, "for_s": 405}, crash], clients={"count": 50}, duration_s=900)
    assert at(shown, Event.NEW).count(406) > 40  # overdue timers fire when the page is shown


def test_a_rolling_restart_moves_some_twice(fleet: Fleet) -> None:
    rolling = {"at_s": 10, "every_s": 10, "down_s": 3}
    trace = fleet(rolling=rolling, server={"pods": 3}, clients={"count": 300})
    assert trace.count(Event.SHUTDOWN) == 3
    drops = Counter(trace.of(Event.CLOSE)["client"].tolist())
    assert max(drops.values()) in {2, 3}
    assert sum(drops.values()) > 300


def test_a_drain_closes_at_its_rate(fleet: Fleet) -> None:
    drain = {"do": "drain", "pod": 0, "at_s": 10, "for_s": 40}
    trace = fleet(faults=[drain], server={"pods": 2, "drain_per_s": 5}, clients={"count": 100})
    closed = at(trace, Event.CLOSED)
    assert closed[0] == 10
    gaps = {round(b - a, 3) for a, b in pairwise(closed)}
    assert gaps == {0.2}
    assert set(trace.of(Event.CLOSE)["code"].tolist()) == {1001}


def test_an_idle_proxy_cuts_what_is_silent(fleet: Fleet) -> None:
    quiet = {"server": {"ping_interval_s": "off"}, "messages": {"every_s": "off"}}
    cut = fleet(network={"idle_cut_s": 15}, **quiet)
    assert cut.count(Event.IDLE_CUT) >= 2
    held = fleet(network={"idle_cut_s": 15}, policy="Patient3", **quiet)
    assert held.count(Event.IDLE_CUT) == 0  # it pings every 10 s


def test_giving_up_is_written_down_and_a_person_may_reload(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 40}
    trace = fleet(faults=[crash], policy="Twice", duration_s=300)
    assert [trace.text(row) for row in trace.of(Event.GAVE_UP)] == ["two are enough"]
    assert at(trace, Event.NEW)[-1] < 50
    patient = fleet(faults=[crash], policy="Twice", duration_s=900, clients={"reload_after_s": 30})
    assert patient.count(Event.RETRY_BY_HAND) >= 1
    assert at(patient, Event.OPEN)[-1] > 50


def test_an_http_request_first_costs_a_round_trip_and_bytes(fleet: Fleet) -> None:
    crash = {"do": "crash", "at_s": 10, "for_s": 1}
    trace = fleet(faults=[crash], policy="Negotiates")
    plain = fleet(faults=[crash])
    assert at(trace, Event.OPEN)[0] - at(plain, Event.OPEN)[0] == pytest.approx(0.02)
    assert trace.of(Event.HTTP_FIRST)["up"].sum() == 450
    elsewhere = fleet(
        faults=[{**CRASH, "for_s": 20}],
        policy="Negotiates",
        network={"http_first_elsewhere": True},
    )
    assert elsewhere.count(Event.HTTP_FIRST) > trace.count(Event.HTTP_FIRST)


def test_a_cold_fleet_connects_over_its_spread(fleet: Fleet) -> None:
    trace = fleet(clients={"count": 200, "start": "cold", "cold_spread_s": 10})
    times = at(trace, Event.NEW)
    assert len(times) == 200
    assert 0 <= min(times) < 1
    assert 9 < max(times) <= 10
    assert trace.count(Event.OPEN) == 200


def test_a_mixed_fleet_has_its_shares(fleet: Fleet, policies: Any) -> None:
    mix = [
        {"policy": f"{policies}:Every5", "share": 0.25},
        {"policy": f"{policies}:Twice", "share": 0.75},
    ]
    trace = fleet(mix=mix, clients={"count": 400})
    groups = Counter(trace.header["policy_of_client"])
    assert 70 < groups[0] < 130
    assert groups[0] + groups[1] == 400
    assert trace.header["policies"] == ["Every5", "Twice"]


def test_policies_meet_the_same_luck(fleet: Fleet) -> None:
    """Common random numbers: the n-th attempt of a client has the same latency whatever it is."""
    network = {"latency_sigma": 0.5}

    def ways(policy: str) -> dict[tuple[int, int], int]:
        trace = fleet(faults=[CRASH], policy=policy, network=network, clients={"count": 50})
        rows = trace.rows
        new = {(row["client"], row["attempt"]): row["time_ns"] for row in trace.of(Event.CONNECT)}
        end = trace.of(Event.REFUSED)
        assert len(rows)
        return {
            (int(row["client"]), int(row["attempt"])): int(
                row["time_ns"] - new[row["client"], row["attempt"]]
            )
            for row in end
        }

    one, other = ways("Every5"), ways("Twice")
    shared = one.keys() & other.keys()
    assert len(shared) >= 50
    assert all(one[key] == other[key] for key in shared)


def test_the_same_world_gives_the_same_trace(fleet: Fleet) -> None:
    faults = [CRASH, {"do": "cut", "at_s": 30, "for_s": 10, "share": 0.3}]
    one, two = (fleet(faults=faults, clients={"count": 30}) for _ in range(2))
    assert one.hash == two.hash
    assert fleet(faults=faults, clients={"count": 30}, seed=2).hash != one.hash


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"clients": {"count": 0}}, "clients.count: found 0; allowed: at least 1"),
        ({"clients": {"sockets": 65}}, "clients.sockets: found 65; allowed: at most 64"),
        ({"server": {"pods": 2}, "faults": [{"do": "stop", "pod": 2, "at_s": 1}]}, "faults.0.pod"),
        ({"faults": [{"do": "block", "at_s": 1, "for_s": 1}]}, "faults.0.do: found 'block'"),
        ({"policy": "no-such-policy"}, "policy: "),
        ({"mix": [{"policy": "aws-full-jitter", "share": 0.5}]}, "add up to 0.5; allowed: 1"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, Any], said: str) -> None:
    document = {"model": "fleet", "duration_s": 60, **given}
    with pytest.raises(ScenarioError) as refused:
        run(make_scenario(document, name="f"))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_conservation(fleet: Fleet) -> None:
    """Every attempt ends once or is open at the end; every handshake begun by a worker ends."""
    faults = [
        {"do": "crash", "at_s": 10, "for_s": 20},
        {"do": "cut", "at_s": 40, "for_s": 30, "share": 0.5},
        {"do": "reject", "at_s": 90, "for_s": 10},
        {"do": "stop", "at_s": 120, "for_s": 5},
    ]
    trace = fleet(
        faults=faults, policy="Patient3", clients={"count": 60, "sockets": 3}, duration_s=300
    )
    new, closed = trace.of(Event.NEW), trace.of(Event.CLOSE)
    made = {(row["client"], row["socket"]) for row in new}
    ended = [(row["client"], row["socket"]) for row in closed]
    assert len(made) == len(new)
    assert len(set(ended)) == len(ended)
    assert set(ended) <= made
    assert len(made) - len(ended) == 180
    assert trace.count(Event.STARTED) == trace.count(Event.SERVED)
    assert trace.count(Event.TIMER_SET) == trace.count(Event.TIMER_FIRED, Event.TIMER_CLEARED)
