"""The parameters of the model ``real-code``."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0, le=1_000)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of the scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Part):
    """The real server: an ASGI application (``module:NAME``), and what serves it.

    ``on``: ``uvicorn``, the real one, with its WebSocket implementation ``ws``; or ``asgi``, the
    application by itself.
    """

    app: Text = "stormlab_models.mixed.programs:application"
    on: Literal["uvicorn", "asgi"] = "uvicorn"
    ws: Literal["websockets", "websockets-sansio", "wsproto"] = "websockets"
    path: Text = "/ws"


class JavaScript(Part):
    """Clients of JavaScript: ``npm:NAME@VERSION``, a file, or ``recipe:FILE.py``."""

    code: Text
    count: Count = 1
    path: Text | None = None


class Python(Part):
    """Clients of asyncio: a coroutine function (``module:NAME``) that is called with the URL."""

    program: Text = "stormlab_models.mixed.programs:talk"
    count: Count = 1


class Modelled(Part):
    """Modelled clients: a policy of the catalogue, one socket each."""

    policy: Text = "aws-full-jitter"
    count: Count = 1


class Parameters(Part):
    """Who is there; ``starts_s``: clients start spread over so long; ``latency_s``: one way."""

    server: Server = Server()
    javascript: tuple[JavaScript, ...] = ()
    python: tuple[Python, ...] = ()
    modelled: tuple[Modelled, ...] = ()
    starts_s: Seconds = 1.0
    latency_s: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 0.01
