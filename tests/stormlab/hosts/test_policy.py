"""A policy hosted on the wire does what it does in a bare world, to the nanosecond."""

from hypothesis import given, settings
from hypothesis import strategies as st

from stormlab.draws import Draws
from stormlab.hosts.bare import run_hosted
from stormlab.hosts.line import Surroundings
from stormlab.hosts.policy import PolicyClient
from stormlab.hosts.wire import Caller, SilentPeer
from stormlab.policy.catalogue import find_policy
from stormlab.policy.chance import AddressedChance
from stormlab.strategies import bare_worlds
from stormlab.vocabulary import Event
from stormlab.worlds.bare import Act, BareWorld, Phase, run_bare
from stormlab.worlds.story import Story

URL = "wss://server.example/"
# no heartbeat, no surroundings of their own, and no proof that a silent server would not give
POLICIES = ("reconnecting-websocket", "partysocket", "phoenix", "aws-full-jitter", "backo2")


class Speaking(SilentPeer):
    """A server that says one word at once, so that a connection is proved when it opens."""

    def opened(self, caller: Caller) -> None:
        caller.proved()
        caller.send("welcome")


def hosted(policy: str, world: BareWorld) -> Story:
    factory = find_policy(policy).factory

    def make(around: Surroundings, draws: Draws) -> PolicyClient:
        chance = AddressedChance(draws, 0, 0)
        return PolicyClient(factory(), chance, around.clock, around.dial, URL)

    return run_hosted(world, make, Speaking())


def attempts(story: Story) -> list[int]:
    return story.times_ns(Event.NEW)


def without_advice(world: BareWorld) -> BareWorld:
    """A browser cannot see Retry-After, and neither does the wire."""
    phases = [Phase(p.what, p.for_s, p.code, p.after_s, None, p.drop) for p in world.phases]
    return BareWorld(tuple(phases), (), world.settle_s, 1, world.seed)


@settings(max_examples=60)
@given(st.sampled_from(POLICIES), bare_worlds(60.0))
def test_attempts_are_those_of_a_bare_world(policy: str, drawn: BareWorld) -> None:
    world = without_advice(drawn)
    bare = run_bare(lambda _count: [find_policy(policy).factory()], world)[0]
    if bare.cut:
        return
    assert attempts(hosted(policy, world)) == attempts(bare)


def test_close_ends_it_for_good() -> None:
    world = BareWorld((Phase("refuse", 20.0),), (Act("close", 5.0),))
    times = attempts(hosted("aws-full-jitter", world))
    assert times
    assert max(times) < 5_000_000_000


def test_a_retry_by_hand_is_made_at_once() -> None:
    world = BareWorld((Phase("refuse", 300.0),), (Act("by_hand", 200.0),))
    assert 200_000_000_000 in attempts(hosted("aws-full-jitter", world))
