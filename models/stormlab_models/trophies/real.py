"""What was found in real code, as data: the packages themselves break these promises.

As :mod:`.found`, but the target is the code that ships (``npm:NAME@VERSION``), run in virtual time,
and not a model of it. The worlds are those to which ``stormlab check`` makes its breaches smaller.
"""

from stormlab.worlds.bare import Act, BareWorld, Phase
from stormlab_models.trophies.found import HERD, Trophy

_SETTLE_S = 110.0
_REFUSED = BareWorld((Phase("refuse", 1.0),), settle_s=_SETTLE_S)
_FOOLED = BareWorld((Phase("reject", 60.0),), settle_s=_SETTLE_S)
_FOOLED_AFTER_AN_ANSWER = BareWorld((Phase("reject", 60.0, answers=True),), settle_s=_SETTLE_S)

REAL = (
    Trophy(
        "npm:reconnecting-websocket@4.4.0",
        "converges",
        "close() while it waits, and a later reconnect() does nothing for ever",
        "The lock of an attempt that waits is not given back when close() comes in between, so"
        " that every later `reconnect()` finds an attempt under way that will never be made.",
        BareWorld(
            (Phase("refuse", 1.0),), (Act("close", 0.5), Act("by_hand", 5.0)), settle_s=_SETTLE_S
        ),
        ("pladaria/reconnecting-websocket#165", "pladaria/reconnecting-websocket#125"),
    ),
    Trophy(
        "npm:socket.io-client@4.8.4",
        "delay-survives-overflow",
        "waits of 0 ms after 1,015 failures",
        "`1000 * 2 ** n` overflows to Infinity, Infinity minus Infinity is NaN, and `NaN | 0` is 0:"
        " after 85 minutes of an outage half of the retries come at once.",
        BareWorld(settle_s=60.0, seed=2),
    ),
    Trophy(
        "npm:socket.io-client@4.8.4",
        "jitter-survives-the-cap",
        "the cap erases the jitter",
        "From the fifth retry on every client waits exactly 5 s.",
        HERD,
    ),
    Trophy(
        "npm:partysocket@1.3.0",
        "first-retry-is-spread",
        "the whole fleet comes back exactly 3.0 s after a restart",
        "minReconnectionDelay is the constant 3000; the README says `1000 + Math.random() * 4000`.",
        HERD,
    ),
    Trophy(
        "npm:phoenix@1.8.16",
        "calm-when-fooled",
        "a server that accepts and closes is tried 500 times a minute",
        "The count of failures is forgotten when a socket opens, and the first delay is 10 ms.",
        _FOOLED,
    ),
    Trophy(
        "npm:@microsoft/signalr@10.0.11",
        "calm-when-fooled",
        "a server that closes after the handshake is tried 540 times a minute",
        "Each handshake starts the four retries anew, and the first of them waits 0 ms.",
        _FOOLED_AFTER_AN_ANSWER,
    ),
    Trophy(
        "npm:graphql-ws@6.4.2",
        "gives-up-as-declared",
        "one refused connection ends it for good",
        "retryAttempts is 5, but the error event of a refused connection counts as fatal by"
        " default (as its documentation says in the same place): there is no retry at all.",
        _REFUSED,
        ("enisdenjo/graphql-ws#354", "enisdenjo/graphql-ws#356"),
    ),
    Trophy(
        "npm:graphql-ws@6.4.2",
        "quiet-after-the-end",
        "dispose() while it waits makes one more connection",
        "The wait goes on after `dispose()`, and at its end a socket is opened, used and closed.",
        BareWorld(
            (Phase("serve", 1.0), Phase("serve", 5.0, drop=True)),
            (Act("close", 2.0),),
            settle_s=_SETTLE_S,
        ),
        budget="ci",
    ),
    Trophy(
        "aio:stormlab_models.libraries.python:WEBSOCKETS",
        "calm-when-fooled",
        "a server that accepts and closes is tried 546 times a minute",
        "`async for connection in connect(...)` waits only after an attempt that failed: after a"
        " connection that opened, however short, the next attempt is made at once. (17.4 does the"
        " same; the version here is the one that this project pins.)",
        _FOOLED,
    ),
    Trophy(
        "aio:stormlab_models.libraries.python:PYTHON_SOCKETIO",
        "raises-nothing",
        "a close frame before the first packet ends connect() with a TypeError",
        "What is read first after the handshake is taken for a packet; when it is the server's"
        " close frame it is the number of its code: `object of type 'int' has no len()`, with"
        " retry=True as well.",
        BareWorld((Phase("reject", 1.0),), settle_s=_SETTLE_S),
    ),
    Trophy(
        "npm:robust-websocket@1.0.0",
        "converges",
        "a client that starts offline for more than 4 s never connects",
        "The timer that tells of a slow attempt is not cleared when the attempt fails; after 4 s it"
        " stops listening to `online`, for which the client is waiting.",
        BareWorld(
            (Phase("serve", 5.0),), (Act("offline", 0.0), Act("online", 5.0)), settle_s=_SETTLE_S
        ),
    ),
    Trophy(
        "npm:@anycable/core@1.1.7",
        "notices-a-dead-peer",
        "a connection without a welcome is waited for, for ever",
        "Pings are looked for from the server's welcome on; a server that falls silent before it"
        " keeps the client waiting until the connection is reset.",
        BareWorld((Phase("mute", 1.0), Phase("hang", 20.0)), settle_s=_SETTLE_S),
    ),
    Trophy(
        "npm:robust-websocket@1.0.0",
        "one-live-socket",
        "close() and open() in a row leave two sockets",
        "The close event of the old socket comes after `open()` has made the new one, and is"
        " answered with a retry.",
        BareWorld(
            (Phase("hang", 10.0),), (Act("close", 10.0), Act("by_hand", 10.0)), settle_s=_SETTLE_S
        ),
    ),
)
