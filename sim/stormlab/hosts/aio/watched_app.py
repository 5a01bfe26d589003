"""An ASGI application, with what it hears of a connection's end written into the trace.

DISCONNECT is what ``receive()`` reported, ENDED that the application returned or raised, EXCEPTION
what it raised. Nothing else is touched: events and exceptions pass through.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from stormlab.hosts.aio.watch import Journal
from stormlab.vocabulary import Event


def watched(app: Any, journal: Journal) -> Callable[..., Any]:
    """The same application."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        who, loop = journal.who(tuple(scope["client"])), asyncio.get_running_loop()

        def tell(event: Event, **columns: Any) -> None:
            if not getattr(loop, "dead", False):  # what is left of a killed process says nothing
                journal.add(event, **who, **columns)

        async def hear() -> Any:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                tell(Event.DISCONNECT, code=event.get("code", 0))
            return event

        try:
            await app(scope, hear, send)
        except Exception as error:
            tell(Event.EXCEPTION, detail=f"{type(error).__name__}: {error}")
            tell(Event.ENDED)
            raise
        tell(Event.ENDED)

    return application
