"""The default application and client, in a world of their own."""

from stormlab.hosts.aio import World
from stormlab.vocabulary import Event
from stormlab_models.mixed.programs import PERIOD_S, application, talk


def test_the_server_echoes_what_the_client_says() -> None:
    world = World(seed=1)
    world.serve_asgi(application, host="server.example")
    world.client(lambda: talk("ws://server.example:8000/ws"))
    trace = world.run(4 * PERIOD_S)
    assert trace.count(Event.SEND) == trace.count(Event.RECEIVED) >= 3
    assert trace.count(Event.MESSAGE) == trace.count(Event.SEND) + 1  # and the word at first
    assert not world.failures
