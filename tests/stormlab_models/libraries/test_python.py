"""Python libraries as their documentation shows them, in a bare world."""

from stormlab.hosts.aio.bare import run_aio
from stormlab.vocabulary import Event
from stormlab.worlds.bare import BareWorld, Phase
from stormlab_models.libraries.python import PYTHON_SOCKETIO, WEBSOCKETS


def test_both_come_back_after_an_outage() -> None:
    world = BareWorld((Phase("serve", 10.0), Phase("refuse", 20.0)), settle_s=90.0)
    for program in (WEBSOCKETS, PYTHON_SOCKETIO):
        story = run_aio(world, program.main, program.peer())[0]
        assert len(story.of(Event.OPEN)) == 2, program.name
        assert not story.has(Event.UNCAUGHT), program.name
        assert len(story.of(Event.NEW)) > 3, program.name


def test_a_close_frame_before_the_first_packet_is_taken_for_one() -> None:
    world = BareWorld((Phase("reject", 1.0),), settle_s=10.0)
    story = run_aio(world, PYTHON_SOCKETIO.main, PYTHON_SOCKETIO.peer())[0]
    assert [step.detail for step in story.of(Event.UNCAUGHT)] == [
        "its program: TypeError: object of type 'int' has no len()"
    ]
