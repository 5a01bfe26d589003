"""The client against a server of the websockets library in this process."""

import asyncio
import sys
from typing import Any

import pytest
from websockets.asyncio.client import process_exception
from websockets.exceptions import ConnectionClosed, InvalidStatus

from stormlab.live import GaveUp, HttpFirstError, Reconnecting
from stormlab.policy import Fact, Terms
from stormlab.policy.host import Attempt, Step, Told

MS = 1_000_000
NOWHERE = "ws://127.0.0.1:9"  # the discard port: nobody listens


async def takes_what_comes(client: Reconnecting) -> None:
    async for connection in client:
        assert [message async for message in connection] == []


def facts(policy: Any) -> list[Fact]:
    return [happened.fact for happened in policy.told]


def test_each_connection_is_yielded_and_the_policy_told(
    server: Any, steady: Any, in_time: Any
) -> None:
    policy, got, steps = steady(), [], list[Step]()

    async def check() -> None:
        async with (
            server() as place,
            Reconnecting(place.uri, policy, on_step=steps.append) as client,
        ):
            async for connection in client:
                got.append(await connection.recv())
                if len(got) == 3:
                    break

    in_time(check())
    assert got == ["hello"] * 3
    assert facts(policy) == [Fact.OPENED, Fact.PROVED, Fact.DROPPED] * 3
    drops = policy.of(Fact.DROPPED)
    assert {(drop.code, drop.clean) for drop in drops} == {(1000, True)}
    attempts = [step for step in steps if isinstance(step, Attempt)]
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.due_ns for attempt in attempts[1:]] == [
        drop.time_ns + 20 * MS for drop in drops[:2]
    ]
    assert [step.happened for step in steps if isinstance(step, Told)] == policy.told


def test_a_close_by_the_server_is_told_as_it_was(server: Any, steady: Any, in_time: Any) -> None:
    policy = steady(attempts_max=0)

    async def check() -> None:
        async with server() as place:
            async with Reconnecting(place.uri + "/close/1013/retry+after+2+s", policy) as client:
                with pytest.raises(GaveUp, match="attempts used up") as gave_up:
                    await takes_what_comes(client)
            assert isinstance(gave_up.value.__cause__, ConnectionClosed)

    in_time(check())
    drop = policy.told[-1]
    assert (drop.code, drop.clean, drop.reason) == (1013, True, "retry after 2 s")
    assert drop.retry_after_ns == 2_000_000_000
    assert drop.began_ns == policy.told[0].began_ns


def test_a_drop_is_told_when_it_happens_whatever_the_body_does(
    server: Any, steady: Any, in_time: Any, until: Any
) -> None:
    policy = steady()

    async def check() -> None:
        async with server() as place, Reconnecting(place.uri + "/close/1012/", policy) as client:
            async for _ in client:
                await until(lambda: policy.of(Fact.DROPPED))
                assert facts(policy) == [Fact.OPENED, Fact.DROPPED]
                break

    in_time(check())


def test_a_refused_handshake_tells_its_status(
    server: Any, steady: Any, in_time: Any, never_opens: Any
) -> None:
    policy = steady(attempts_max=2)

    async def check() -> None:
        async with server() as place, Reconnecting(place.uri + "/status/404", policy) as client:
            with pytest.raises(GaveUp) as gave_up:
                await never_opens(client)
            assert place.requests == 3
        assert (gave_up.value.reason, gave_up.value.announced) == ("attempts used up", True)
        assert isinstance(gave_up.value.__cause__, InvalidStatus)

    in_time(check())
    assert [(told.status, told.retry_after_ns) for told in policy.told] == [(404, 7000 * MS)] * 3


def test_a_mistake_is_raised_and_the_librarys_rule_can_be_had(
    server: Any, steady: Any, in_time: Any, never_opens: Any
) -> None:
    policy = steady()

    async def check() -> None:
        with pytest.raises(ValueError, match="create_connection"):
            await never_opens(Reconnecting(NOWHERE, steady(), create_connection=object))
        async with server() as place:
            uri = place.uri + "/status/404"
            with pytest.raises(InvalidStatus):
                await never_opens(Reconnecting(uri, policy, process_exception=process_exception))

    in_time(check())
    assert facts(policy) == [Fact.REFUSED], "the attempt has ended all the same"


def test_an_attempt_is_given_up_after_the_policys_time(
    steady: Any, in_time: Any, never_opens: Any
) -> None:
    policy = steady(attempts_max=1, terms=Terms(connect_timeout_s=0.1))

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def check() -> None:
        listener = await asyncio.start_server(hang, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener, Reconnecting(f"ws://127.0.0.1:{port}", policy) as client:
            with pytest.raises(GaveUp) as gave_up:
                await never_opens(client)
        assert str(gave_up.value.__cause__) == "not open within 0.1 s"

    in_time(check())
    lasted = [told.time_ns - told.began_ns for told in policy.told]
    assert all(100 * MS <= ns < 600 * MS for ns in lasted), lasted


def test_a_dead_peer_is_dropped_by_the_policys_heartbeat(
    server: Any, steady: Any, in_time: Any, until: Any
) -> None:
    policy = steady(terms=Terms(heartbeat_s=0.05, heartbeat_timeout_s=0.1))

    async def check() -> None:
        async with server() as place, Reconnecting(place.uri + "/silent", policy) as client:
            async for connection in client:
                await asyncio.sleep(0.12)
                assert not policy.of(Fact.DROPPED), "the peer answers"
                connection.transport.pause_reading()
                await until(lambda: policy.of(Fact.DROPPED))
                break

    in_time(check())
    assert (policy.told[-1].code, policy.told[-1].clean) == (1006, False)


def test_the_http_call_comes_first_and_may_name_the_uri(
    server: Any, steady: Any, in_time: Any
) -> None:
    policy = steady(terms=Terms(http_first=True))
    calls = 0

    async def check() -> None:
        async with server() as place:

            async def negotiate() -> str:
                nonlocal calls
                calls += 1
                if calls == 1:
                    raise KeyError("token")
                return str(place.uri)

            async with Reconnecting(NOWHERE, policy, http_first=negotiate) as client:
                async for connection in client:
                    assert await connection.recv() == "hello"
                    break

    in_time(check())
    expected = [Fact.REFUSED, Fact.REACHED, Fact.OPENED, Fact.PROVED, Fact.DROPPED]
    assert facts(policy) == expected
    with pytest.raises(ValueError, match=r"^http_first is missing: the policy asks"):
        Reconnecting(NOWHERE, policy)


def test_a_failed_http_call_is_the_cause_of_giving_up(
    steady: Any, in_time: Any, never_opens: Any
) -> None:
    async def negotiate() -> None:
        raise KeyError("token")

    async def check() -> None:
        client = Reconnecting(NOWHERE, steady(attempts_max=0), http_first=negotiate)
        with pytest.raises(GaveUp) as gave_up:
            await never_opens(client)
        assert isinstance(gave_up.value.__cause__, HttpFirstError)

    in_time(check())


def test_only_the_application_proves_if_it_says_so(server: Any, steady: Any, in_time: Any) -> None:
    policy = steady()

    async def check() -> None:
        async with (
            server() as place,
            Reconnecting(place.uri, policy, proved_by="application") as client,
        ):
            client.prove()
            async for connection in client:
                await connection.recv()
                assert not policy.of(Fact.PROVED)
                client.prove()
                client.prove()
                break

    in_time(check())
    assert facts(policy) == [Fact.OPENED, Fact.PROVED, Fact.DROPPED]


def test_an_unproved_connection_is_not_told_as_proved(
    server: Any, steady: Any, in_time: Any
) -> None:
    policy = steady(attempts_max=0)

    async def check() -> None:
        async with server() as place:
            client = Reconnecting(place.uri + "/close/1011/", policy, when_stopped="end")
            async for connection in client:
                with pytest.raises(ConnectionClosed):
                    await connection.recv()

    in_time(check())
    assert facts(policy) == [Fact.OPENED, Fact.DROPPED]


def test_offline_drops_and_waits_and_online_brings_it_back(
    server: Any, steady: Any, in_time: Any, until: Any
) -> None:
    opened: list[Any] = []

    class OfflineStays(steady):  # type: ignore[misc]
        """Decides nothing at a drop while a stop is pending."""

        def on(self, happened: Any, chance: Any) -> Any:
            decision = super().on(happened, chance)
            return None if happened.fact is Fact.DROPPED else decision

    policy = OfflineStays(terms=Terms(closes_offline=True))

    async def check() -> None:
        async with server() as place, Reconnecting(place.uri + "/silent", policy) as client:

            async def tell() -> None:
                await until(lambda: opened)
                client.offline()
                await until(lambda: policy.of(Fact.DROPPED))
                await asyncio.sleep(0.1)
                assert len(opened) == 1, "an attempt while offline"
                client.online()

            async with asyncio.TaskGroup() as group:
                group.create_task(tell())
                async for connection in client:
                    opened.append(connection)
                    if len(opened) == 2:
                        break
                    assert [message async for message in connection] == []

    in_time(check())
    expected = [Fact.OPENED, Fact.OFFLINE, Fact.DROPPED, Fact.ONLINE, Fact.OPENED, Fact.DROPPED]
    assert facts(policy) == expected
    assert policy.told[2].code == 1006


def test_without_websockets_one_line_says_what_to_install(
    steady: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "stormlab.live.connection", raising=False)
    monkeypatch.setitem(sys.modules, "websockets.asyncio.client", None)
    with pytest.raises(ImportError, match=r"needs websockets.*: pip install 'stormlab\[live\]'"):
        Reconnecting(NOWHERE, steady())
