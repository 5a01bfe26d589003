"""How a client's loop ends: given up, stopped, cancelled, left, or by an error."""

import asyncio
import gc
import logging
from typing import Any

import pytest

from stormlab.live import GaveUp, Reconnecting
from stormlab.policy import Fact, RetryAt, Stop
from stormlab.policy.host import Step

MS = 1_000_000
NOWHERE = "ws://127.0.0.1:9"  # the discard port: nobody listens


async def takes_what_comes(client: Reconnecting) -> None:
    async for connection in client:
        assert [message async for message in connection] == []


def facts(policy: Any) -> list[Fact]:
    return [happened.fact for happened in policy.told]


def test_after_giving_up_a_retry_by_hand_goes_on(
    server: Any, steady: Any, in_time: Any, never_opens: Any
) -> None:
    policy = steady(attempts_max=1)

    async def check() -> None:
        async with server() as place, Reconnecting(NOWHERE, policy) as client:
            for _ in range(2):
                with pytest.raises(GaveUp):
                    await never_opens(client)
            assert len(policy.told) == 2, "it does not try again by itself"
            client.uri = place.uri
            client.retry_by_hand()
            async for connection in client:
                assert await connection.recv() == "hello"
                break

    in_time(check())


def test_a_stopped_loop_can_wait_for_a_fact(
    server: Any, steady: Any, in_time: Any, caplog: pytest.LogCaptureFixture, until: Any
) -> None:
    policy = steady(attempts_max=1)
    caplog.set_level(logging.WARNING, "stormlab.live")

    async def check() -> None:
        async with server() as place:
            client = Reconnecting(NOWHERE, policy, when_stopped="wait")

            async def by_hand() -> None:
                await until(lambda: len(policy.told) == 2)
                await asyncio.sleep(0.05)
                client.visible()
                client.hidden()
                client.uri = place.uri
                client.retry_by_hand()

            async with asyncio.TaskGroup() as group:
                group.create_task(by_hand())
                async for connection in client:
                    assert await connection.recv() == "hello"
                    break

    in_time(check())
    assert [record.getMessage() for record in caplog.records] == [
        f"{NOWHERE}: no further attempt: attempts used up; waiting for a fact that changes this"
    ]


def test_a_policy_that_refuses_is_asked_once_and_named(
    steady: Any, in_time: Any, never_opens: Any
) -> None:
    class Refuses(steady):  # type: ignore[misc]
        asked = 0

        def may_attempt(self, time_ns: int) -> bool:
            del time_ns
            self.asked += 1
            return self.asked == 1

    policy = Refuses()
    waiting = Refuses()

    async def check() -> None:
        with pytest.raises(GaveUp, match="the policy allowed no attempt when it fell due") as end:
            await never_opens(Reconnecting(NOWHERE, policy))
        assert not end.value.announced
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(
                never_opens(Reconnecting(NOWHERE, waiting, when_stopped="wait")), 0.2
            )

    in_time(check())
    assert (policy.asked, waiting.asked) == (2, 2)


@pytest.mark.parametrize("moment", ["connecting", "waiting", "body", "http"])
def test_cancelling_leaves_nothing_behind(
    server: Any, steady: Any, in_time: Any, moment: str, until: Any
) -> None:
    policy = steady(delay_ms=60_000)
    reached = asyncio.Event()

    async def never() -> None:
        if moment == "http":
            reached.set()
            await asyncio.sleep(60)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        writer.close()

    async def work(uri: str) -> None:
        async for _ in Reconnecting(uri, policy, http_first=never):
            reached.set()
            await asyncio.sleep(60)

    async def check() -> None:
        hanging = await asyncio.start_server(hang, "127.0.0.1", 0)
        port = hanging.sockets[0].getsockname()[1]
        async with server() as place:
            uri = {"connecting": f"ws://127.0.0.1:{port}", "waiting": NOWHERE}
            task = asyncio.create_task(work(uri.get(moment, place.uri)))
            if moment == "waiting":
                await until(lambda: policy.told)
            else:
                await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            del task
            await until(lambda: policy.told and facts(policy)[-1] in {Fact.DROPPED, Fact.REFUSED})
        hanging.close()
        gc.collect()

    in_time(check())
    ended = [fact for fact in facts(policy) if fact in {Fact.DROPPED, Fact.REFUSED}]
    assert len(ended) == 1


def test_leaving_the_block_closes_what_is_open(server: Any, steady: Any, in_time: Any) -> None:
    policy = steady()

    async def stumbles(uri: str) -> None:
        async with Reconnecting(uri, policy) as client:
            async for connection in client:
                raise KeyError(connection.close_code)

    async def check() -> None:
        async with server() as place:
            with pytest.raises(KeyError, match="None"):
                await stumbles(place.uri)
            assert facts(policy)[-1] is Fact.DROPPED
            assert policy.told[-1].code == 1000

    in_time(check())


def test_run_calls_a_handler_with_each_connection(server: Any, steady: Any, in_time: Any) -> None:
    policy = steady()
    seen: list[Any] = []

    async def handler(connection: Any) -> None:
        seen.append(await connection.recv())
        if len(seen) == 3:
            await connection.close()
            raise KeyError("the handler's own")
        await connection.close()
        await connection.recv()

    async def check() -> None:
        async with server() as place:
            with pytest.raises(KeyError):
                await Reconnecting(place.uri, policy).run(handler)

    in_time(check())
    assert seen == ["hello"] * 3


def test_a_client_has_one_loop_at_a_time(server: Any, steady: Any, in_time: Any) -> None:
    async def check() -> None:
        async with server() as place, Reconnecting(place.uri, steady()) as client:
            async for _ in client:
                with pytest.raises(RuntimeError, match="is being iterated already"):
                    aiter(client)
                break

    in_time(check())


def test_errors_of_the_policy_come_out_and_those_of_a_listener_do_not(
    server: Any, steady: Any, in_time: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(steady):  # type: ignore[misc]
        def on(self, happened: Any, chance: Any) -> RetryAt | Stop | None:
            if happened.fact is Fact.DROPPED:
                raise ZeroDivisionError
            return super().on(happened, chance)  # type: ignore[no-any-return]

    def listen(step: Step) -> None:
        raise KeyError(type(step).__name__)

    async def check() -> None:
        async with server() as place:
            with pytest.raises(ZeroDivisionError):
                async for _ in Reconnecting(place.uri, Broken(), on_step=listen):
                    pass

    in_time(check())
    assert "on_step failed" in caplog.text
