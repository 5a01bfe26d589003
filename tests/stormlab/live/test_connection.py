"""The library's side: terms become arguments, a dead peer is dropped, iteration ends quietly."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError, InvalidURI

from stormlab.live import connection as library
from stormlab.policy import Terms


def test_a_policy_without_terms_leaves_the_library_its_defaults(steady: Any) -> None:
    class NoTerms:
        on, may_attempt = steady.on, steady.may_attempt

    assert library.within_terms(NoTerms(), {"ssl": 1}) == {"ssl": 1, "ping_timeout": 20.0}


def test_terms_become_arguments(steady: Any) -> None:
    plain = library.within_terms(steady(), {})
    assert plain == {"open_timeout": None, "ping_timeout": 20.0}
    pings = library.within_terms(steady(terms=Terms(heartbeat_s=25, heartbeat_timeout_s=5)), {})
    assert pings == {"open_timeout": None, "ping_interval": None, "ping_timeout": 5}
    assert library.within_terms(steady(), {"open_timeout": 3})["open_timeout"] == 3


@pytest.mark.parametrize(
    ("argument", "terms", "complaint"),
    [
        ("open_timeout", Terms(connect_timeout_s=20), "the policy sets connect_timeout_s=20"),
        ("ping_interval", Terms(heartbeat_s=2.5), "the policy sets heartbeat_s=2.5"),
        ("ping_timeout", Terms(heartbeat_timeout_s=1), "the policy sets heartbeat_timeout_s=1"),
    ],
)
def test_what_the_policy_says_cannot_be_said_otherwise(
    steady: Any, argument: str, terms: Terms, complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"^{argument}=7: {complaint}; leave {argument} out$"):
        library.within_terms(steady(terms=terms), {argument: 7})


def test_which_failures_are_the_policys() -> None:
    mistake = InvalidURI("htp://x", "scheme")
    assert library.for_the_policy(mistake) is mistake
    assert library.for_the_policy(OSError()) is None
    assert library.for_the_policy(TimeoutError()) is None
    assert library.for_the_policy(EOFError()) is None


def test_another_class_of_connection_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^create_connection=.*: allowed is a subclass of .*$"):
        asyncio.run(library.open_connection("ws://127.0.0.1:9", create_connection=ClientConnection))


def test_iterating_ends_with_the_connection_and_recv_raises(server: Any, in_time: Any) -> None:
    async def check() -> None:
        async with server() as place:
            connection = await library.open_connection(place.uri + "/close/1011/")
            assert [message async for message in connection] == []
            with pytest.raises(ConnectionClosedError):
                await connection.recv()

    in_time(check())


def test_a_message_is_reported_however_it_is_received(server: Any, in_time: Any) -> None:
    async def check() -> None:
        async with server() as place:
            connection = await library.open_connection(place.uri)
            seen: list[str] = []
            connection.on_message = lambda: seen.append("message")
            assert await connection.recv() == "hello"
            await connection.send("back")
            assert [part async for part in connection.recv_streaming()] == ["back"]
            assert seen == ["message"] * 2
            await connection.close()

    in_time(check())


def test_a_beating_connection_stays_and_a_dead_peer_is_dropped(server: Any, in_time: Any) -> None:
    async def check() -> None:
        async with server() as place:
            connection = await library.open_connection(place.uri, ping_interval=None)
            beat = asyncio.create_task(library.beat(connection, 0.02, 0.5))
            await asyncio.sleep(0.15)
            assert connection.latency > 0, "no pong came"
            assert not beat.done()
            beat.cancel()
            connection.transport.pause_reading()  # from here on no pong is seen
            clock = asyncio.get_running_loop().time
            began_s = clock()
            await library.beat(connection, 0.05, 0.1)
            connection.transport.resume_reading()
            await connection.wait_closed()
            assert 0.15 <= clock() - began_s < 1
            assert connection.close_code == 1006

    in_time(check())
