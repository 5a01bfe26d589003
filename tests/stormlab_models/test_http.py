"""A request shares the server's loop, and fails when the server does."""

from typing import Any

import pytest

from stormlab.clock import Clock, Rank, to_ns, to_s
from stormlab.draws import Draws
from stormlab.trace import Recorder
from stormlab_models import http
from stormlab_models.event_loop import Block, Sleep, Steps
from stormlab_models.machine import Machine
from stormlab_models.network import Connection, Path, PathSettings
from stormlab_models.server import Server, ServerConnection


class World:
    """A server that serves requests only."""

    def __init__(self) -> None:
        self.clock, recorder, draws = Clock(), Recorder(), Draws(0)
        settings = PathSettings(latency_up_s=0.01, latency_down_s=0.01, latency_sigma=0.0)
        self.path = Path(self.clock, draws, recorder, settings)
        self.server = Server(self.clock, recorder, Machine(draws), self.path, self.no_sockets)
        self.server.start()
        self.results: list[tuple[float, object]] = []

    def no_sockets(self, _: Server, __: Connection, ___: int) -> ServerConnection:
        raise NotImplementedError

    def get(self, want: Sleep | Block, number: int = 1) -> None:
        def serve() -> Steps:
            yield want
            return f"data {number}"

        request = http.get(self.path, self.server, 0, number, serve)
        request.on_done = lambda result: self.results.append((to_s(self.clock.now_ns), result))

    def at(self, time_s: float, act: Any) -> None:
        self.clock.at(to_ns(time_s), Rank.FAULT, act)

    def run(self) -> list[tuple[Any, object]]:
        self.clock.run(to_ns(100))
        return self.results


@pytest.fixture
def world() -> World:
    return World()


def test_an_answer_takes_a_round_trip_and_the_serving(world: World) -> None:
    world.get(Sleep(to_ns(0.5)))
    assert world.run() == [(pytest.approx(0.52, abs=0.002), "data 1")]
    assert not world.server.live


def test_blocking_requests_wait_for_each_other_and_sleeping_ones_do_not(world: World) -> None:
    for number in range(3):
        world.get(Block(to_ns(0.5)), number)
    assert world.run()[-1] == (pytest.approx(1.52, abs=0.002), "data 2")
    other = World()
    for number in range(3):
        other.get(Sleep(to_ns(0.5)), number)
    assert other.run()[-1] == (pytest.approx(0.52, abs=0.002), "data 2")


@pytest.mark.parametrize("how", ["down", "cut"])
def test_a_request_to_nobody_fails_after_a_round_trip(world: World, how: str) -> None:
    (world.server.crash if how == "down" else world.path.cut)()
    world.get(Sleep(0))
    assert world.run() == [(pytest.approx(0.02), None)]


def test_a_killed_process_fails_what_it_serves_once(world: World) -> None:
    world.get(Sleep(to_ns(5)))
    world.at(1, world.server.crash)
    world.at(2, world.server.start)
    assert world.run() == [(pytest.approx(1.01), None)]


def test_a_process_that_shuts_down_serves_what_it_has_begun(world: World) -> None:
    world.get(Sleep(to_ns(5)))
    world.at(1, world.server.stop)
    assert world.run() == [(pytest.approx(5.02, abs=0.002), "data 1")]
