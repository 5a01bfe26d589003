"""What was found, as data: who breaks which promise in which world, and what is known upstream.

The worlds are the shrunk ones of ``stormlab check``, with the same numbers where one would do for
several. What a library means to do is told by the catalogue (``Entry.remarks``).
"""

from dataclasses import dataclass

from stormlab.worlds.bare import BareWorld, Phase
from stormlab.worlds.herd import HerdWorld
from stormlab.worlds.simulated import PAGE, SimulatedWorld
from stormlab.worlds.written import World


@dataclass(frozen=True)
class Trophy:
    """One defect.

    ``target``: as ``stormlab check`` takes it. ``title``: what is wrong, in a few words; ``what``:
    in a sentence or two. ``upstream``: issues as ``owner/repository#number`` that describe it.
    ``budget``: of the check that finds it; None: its world is too rare among those that are tried,
    and was written by hand.
    """

    target: str
    promise: str
    title: str
    what: str
    world: World
    upstream: tuple[str, ...] = ()
    budget: str | None = "dev"


HERD = HerdWorld()
FOOLED = BareWorld((Phase("reject", 60.0),), settle_s=60.0)
REFUSED_10_S = BareWorld((Phase("serve", 5.0), Phase("refuse", 10.0)), settle_s=120.0)
REFUSED_60_S = BareWorld((Phase("serve", 5.0), Phase("refuse", 60.0)), settle_s=120.0)

TROPHIES = (
    Trophy(
        "socket.io-client",
        "attempts-bounded",
        "half of the waits are 0 ms after 1,015 failures",
        "The base of the delay overflows to infinity, infinity minus infinity is no number, and no"
        " number becomes 0 ms: after 85 minutes of outage a client sends every other retry at"
        " once.",
        BareWorld((Phase("refuse", 7_200.0),), settle_s=27.0),
        budget="ci",
    ),
    Trophy(
        "socket.io-client",
        "jitter-survives-the-cap",
        "the cap erases the jitter",
        "The jitter is added first and the cap applied afterwards, so from the fifth retry on every"
        " client waits exactly 5 s.",
        HERD,
    ),
    Trophy(
        "subscriptions-transport-ws",
        "delay-survives-overflow",
        "half of the waits are 0 ms after 1,018 failures",
        "The same arithmetic, from the same package backo2: the delay of a long outage collapses to"
        " 0 ms.",
        BareWorld(settle_s=60.0, seed=1),
    ),
    Trophy(
        "graphql-ws",
        "gives-up-as-declared",
        "one retry only when the server refuses",
        "retryAttempts is 5, but a refused handshake raises an error event first, which the default"
        " shouldRetry does not accept: the first refused retry is the last, and all subscriptions"
        " end with an error.",
        REFUSED_10_S,
        ("enisdenjo/graphql-ws#354", "enisdenjo/graphql-ws#356"),
    ),
    Trophy(
        "graphql-ws",
        "calm-when-fooled",
        "an endless loop without a wait on close code 1000",
        "A close with 1000 under a running subscription does not set the flag by which a retry"
        " waits and counts: it reconnects at once, without a limit.",
        BareWorld((Phase("reject", 60.0, code=1000),), settle_s=60.0),
        ("enisdenjo/graphql-ws#446",),
        budget="ci",
    ),
    Trophy(
        "robust-websocket",
        "gives-up-as-declared",
        "it stops for good after three retries, and says nothing",
        "The table of delays is 0, 3, 10 s, and behind its end there is nothing: an outage of 14 s"
        " leaves the application with a socket that never comes back.",
        REFUSED_60_S,
    ),
    Trophy(
        "stream-chat",
        "amplification-bounded",
        "timers pile up while it is refused",
        "A refused attempt is counted three times, by its error event, by the code that waits for"
        " it and by its close event, and each sets a timer of its own, so a client that is away"
        " tries more often than its own delays say.",
        HERD,
    ),
    Trophy(
        "partysocket",
        "fleet-disperses",
        "the jitter was lost between 1.1.18 and 1.1.19",
        "It stems from reconnecting-websocket, whose clients wait from a base drawn between 1 and"
        " 5 s each; since 1.1.19 the base is 3 s for everybody, and a fleet stays together for"
        " ever. Version 4.4.0 of reconnecting-websocket keeps this promise.",
        HERD,
    ),
    Trophy(
        "sockette",
        "obeys-close-codes",
        "a server that goes away for a restart loses its clients",
        "Close codes 1000, 1001 and 1005 end it for good; 1001, Going Away, is what a server sends"
        " that restarts.",
        BareWorld((Phase("serve", 5.0), Phase("stop", 5.0, code=1001)), settle_s=60.0),
        ("lukeed/sockette#57",),
    ),
    Trophy(
        "websockets",
        "calm-when-fooled",
        "no wait at all after an established connection was lost",
        "`async for` backs off after failed handshakes only: a server that accepts and closes is"
        " tried again at once, for ever.",
        FOOLED,
    ),
    Trophy(
        "discord.py",
        "calm-when-fooled",
        "no wait at all after an established connection was lost",
        "A connection that is closed to be resumed is resumed at once, however often that happened"
        " before.",
        FOOLED,
    ),
    Trophy(
        "@trpc/client",
        "calm-when-fooled",
        "a server that accepts and closes is tried without a wait",
        "The first retry waits 0 ms, and opening alone makes the next one a first again.",
        FOOLED,
    ),
    Trophy(
        "@azure/web-pubsub-client",
        "calm-when-fooled",
        "a server that accepts and closes is tried without a wait",
        "Each loss begins a new loop of retries, whose first attempt waits for nothing.",
        FOOLED,
    ),
    Trophy(
        "lib0-websocket",
        "calm-when-fooled",
        "a server that accepts and closes is tried without a wait",
        "Only sockets that never opened are counted, so the retry after an opened one waits 0 ms.",
        FOOLED,
    ),
    Trophy(
        "y-websocket-3.0",
        "calm-when-fooled",
        "opening alone forgets the failures; repaired in 3.1.0",
        "Version 3.0.0 resets its count when a socket opens; 3.1.0 when the document is synced,"
        " and keeps this promise.",
        FOOLED,
        ("yjs/y-websocket#74", "yjs/y-websocket#195"),
    ),
    Trophy(
        "phoenix",
        "backoff-survives-flapping",
        "opening alone forgets the failures",
        "The count is reset on open and the table begins with 10 ms: a server that accepts and"
        " closes is tried some eight times per second by each client.",
        FOOLED,
    ),
    Trophy(
        "phoenix",
        "fleet-disperses",
        "a fleet stays in lockstep",
        "The table of delays has no jitter, and channels rejoin by a table without jitter, too.",
        HERD,
        ("phoenixframework/phoenix#4045",),
    ),
    Trophy(
        "@microsoft/signalr",
        "first-retry-is-spread",
        "the whole fleet comes back in the instant of the drop",
        "withAutomaticReconnect() waits 0 ms before its first retry.",
        HERD,
    ),
    Trophy(
        "@microsoft/signalr",
        "gives-up-as-declared",
        "it gives up 42 s after a drop, and no person is told",
        "After the fourth retry it stops for good; the application's onclose is told, and what it"
        " does not show, nobody sees.",
        REFUSED_60_S,
    ),
    Trophy(
        "nats.js",
        "first-retry-is-spread",
        "the first reconnect has no jitter",
        "Jitter came to the clients of NATS with the issue named here, of the one in Go. It is"
        " added only if the last dial to that server was less than the wait ago, so after a long"
        " connection the whole fleet is back in the same instant.",
        HERD,
        ("nats-io/nats.go#563",),
    ),
    Trophy(
        "tenacity",
        "attempts-bounded",
        "a bare @retry is a hot loop",
        "Without arguments it repeats for ever and never waits.",
        REFUSED_60_S,
    ),
    Trophy(
        "grpc-retry-throttling",
        "converges",
        "clients are stranded when the budget is used up",
        "Only successes refill the tokens, and a client whose one call is to reconnect has none:"
        " after enough refusals no retry is allowed any more, also when the server is back.",
        BareWorld((Phase("refuse", 300.0),), settle_s=300.0),
    ),
)

PROPOSALS = (
    Trophy(
        "stormlab_models.tac_webbuilder.proposals:Literal",
        "quiet-while-the-breaker-is-open",
        "the breaker as it stands never trips",
        "Its try/catch is around a connect that is asynchronous, so it never sees a failure, and"
        " after the tenth attempts go on. (Shown without the page's own limit of ten, which ends"
        " everything for good.)",
        BareWorld((Phase("refuse", 240.0),), settle_s=330.0),
    ),
    Trophy(
        "stormlab_models.tac_webbuilder.proposals:Wired",
        "survives-long-outages",
        "wired to onclose, it opens and never tries again",
        "Ten failures open it for five minutes, and no timer is set: its time passes, and nobody"
        " asks.",
        BareWorld((Phase("refuse", 300.0),), settle_s=1028.0),
    ),
    Trophy(
        "page.hook=manager",
        "one-connection-at-the-server",
        "the manager forgets live sockets, which come back beside its own",
        "connect() over a live socket forgets it, and its onclose schedules one more.",
        SimulatedWorld(
            {
                "model": PAGE,
                "actions": [{"do": "remount", "at_s": 0.5}],
                "duration_s": 65.0,
            }
        ),
    ),
)
