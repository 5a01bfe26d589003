"""An ASGI application, with what it hears of a connection's end written into the trace.

DISCONNECT is what ``receive()`` reported, ENDED that the application returned or raised, EXCEPTION
what it raised. Nothing else is touched: events and exceptions pass through.
"""

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
        who = journal.who(tuple(scope["client"]))

        async def hear() -> Any:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                journal.add(Event.DISCONNECT, **who, code=event.get("code", 0))
            return event

        try:
            await app(scope, hear, send)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            journal.add(Event.EXCEPTION, **who, detail=said)
            journal.add(Event.ENDED, **who)
            raise
        journal.add(Event.ENDED, **who)

    return application
