"""A process in virtual time: a loop of its own and the coroutine that is its program."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from stormlab.clock import Clock, Rank
from stormlab.hosts.aio.cures import ALL, Cure
from stormlab.hosts.aio.entropy import Luck
from stormlab.hosts.aio.loop import VirtualLoop
from stormlab.hosts.aio.network import Net
from stormlab.hosts.aio.phased import Order, PhasedLoop

Main = Callable[[], Coroutine[Any, Any, Any]]
ENDED = "its program ended"


class Process:
    """``main``: a coroutine function; ``ended``: told what it raised, or None, once it is over.

    ``order``: of things in its loop.
    """

    def __init__(  # noqa: PLR0913  the parts of a process, by name
        self,
        clock: Clock,
        net: Net,
        main: Main,
        *,
        number: int,
        name: str,
        luck: Luck,
        rank: Rank = Rank.PAGE,
        cures: frozenset[Cure] = ALL,
        ended: Callable[[BaseException | None], None] | None = None,
        failed: Callable[[str, BaseException | None], None] | None = None,
        order: Order = "asyncio",
    ) -> None:
        self.name, self.number = name, number
        host = f"10.0.{number // 250}.{number % 250 + 1}"
        kind: type[VirtualLoop] = PhasedLoop if order == "uvloop" else VirtualLoop
        self.loop = kind(
            clock, net, luck, host=host, number=number, rank=rank, cures=cures, failed=failed
        )
        self.host = host
        self.program: asyncio.Task[Any] | None = None
        self._main, self._ended = main, ended
        self._begun = False

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended; its first step may be still to come."""
        over = self.program is not None and self.program.done()
        return self._begun and not over and not self.loop.dead

    @property
    def failures(self) -> list[str]:
        """What its code raised and nobody caught."""
        return self.loop.failures

    def start(self) -> None:
        """Begin."""
        self._begun = True
        self.loop.call_soon(self._begin)

    def _begin(self) -> None:
        try:
            coroutine = self._main()
        except Exception as error:  # noqa: BLE001  of the code under test
            self.loop.fail("its program", error)
            self._begun = False
            return
        self.program = self.loop.create_task(coroutine, name=self.name)
        self.program.add_done_callback(self._over)

    def _over(self, program: "asyncio.Task[Any]") -> None:
        error = None if program.cancelled() else program.exception()
        if isinstance(error, Exception):
            self.loop.fail("its program", error)
        elif error is not None and not isinstance(error, SystemExit):
            self.loop.call_exception_handler({"exception": error})  # which ends the whole run
            return
        if self._ended is not None:
            self._ended(error)
        self.loop.create_task(self._exit(), name=f"end of {self.name}")

    async def _exit(self) -> None:
        """What ``asyncio.run`` does at the end, and the kernel behind it."""
        own = asyncio.current_task()
        left = [task for task in self.loop.tasks() if task is not own]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.loop.shutdown_asyncgens()
        self.loop.call_soon(self.loop.kill)

    def kill(self) -> None:
        """End at once: TCP is closed by the kernel, no code runs any more."""
        self.loop.kill()

    # the end of the run -------------------------------------------------------------------------

    def cancel(self) -> bool:
        """Ask all tasks to end; False: there are none."""
        if self.loop.dead or not self.loop.cancel_all():
            return False
        self.loop.call_soon(lambda: None)  # wake
        return True

    def close_generators(self) -> None:
        """Close the async generators that are left."""
        if not self.loop.dead:
            self.loop.create_task(self.loop.shutdown_asyncgens())
            self.loop.call_soon(lambda: None)

    def close(self) -> None:
        """Be over; what still runs does not end by itself."""
        if not self.loop.dead:
            for task in self.loop.tasks():
                self.loop.fail(f"{task.get_name()} does not end when it is cancelled")
        self.loop.close()
        self.program = None  # and what it had in its hands
