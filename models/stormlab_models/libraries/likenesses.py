"""The likeness of each recipe and its policy: see :mod:`.likeness`."""

import math
from dataclasses import replace
from functools import partial

from stormlab_models.libraries import partings
from stormlab_models.libraries.likeness import (
    TRIP_NS,
    AnyCableLuck,
    Beats,
    CentrifugeLuck,
    Likeness,
    Luck,
    Parting,
    PollLuck,
)
from stormlab_models.policies.cables import ActionCable

UNANSWERED = Parting(
    "where the application never answers, the code closes the connection after {}; the policy has"
    " no such patience",
    partings.unanswered,
)


def _unanswered(after: str) -> Parting:
    return replace(UNANSWERED, reason=UNANSWERED.reason.format(after))


LIKENESSES = {
    # the code multiplies in another order, to another last bit, which nanoseconds absorb
    "reconnecting-websocket": Likeness(cut_first=False),
    "partysocket": Likeness(),
    "socket.io-client": Likeness(
        beats=Beats(first_s=25.0, every_s=25.02, patience_s=45.0),
        partings=(
            Parting(
                "an attempt that ends before the server's first packet (accepted and closed, or"
                " offline meanwhile) is only given up by the connect timeout, 20 s after its"
                " beginning; to the policy it has failed at once",
                partings.before_hello,
            ),
            _unanswered("the connect timeout's 20 s"),
        ),
    ),
    "phoenix": Likeness(
        proof_ns=TRIP_NS,
        # 1.5 s: so long it waits for the end of the connection that it has closed
        beats=Beats(every_s=30.02, patience_s=61.5),
        partings=(
            Parting(
                "a page that is shown while an attempt is under way makes it anew; the policy goes"
                " on",
                partings.shown_while_connecting,
            ),
            Parting(
                "the end of a silent connection that the code has closed came within the 1.5 s"
                " that it waits for it",
                partings.slow_end,
            ),
            _unanswered("the heartbeat's 60 s"),
        ),
    ),
    "@microsoft/signalr": Likeness(
        proof_ns=TRIP_NS,
        served_first=True,
        why="a first start() that fails is the application's to repeat, here every 5 s",
        beats=Beats(first_s=0.02, every_s=15.0, patience_s=30.0),
        partings=(_unanswered("30 s"),),
    ),
    # an operation's id takes 31 calls
    "graphql-ws": Likeness(
        luck=partial(Luck, first=31),
        proof_ns=TRIP_NS,
        partings=(
            Parting(
                "a close with 1000 before the acknowledgement of a retry waits for the next delay;"
                " the policy tries at once",
                partings.wanted_end,
            ),
        ),
    ),
    "centrifuge": Likeness(
        luck=CentrifugeLuck,
        proof_ns=TRIP_NS,
        partings=(
            Parting(
                "a device that goes offline while the code waits or tries counts as a failure"
                " more, with a delay of its own; the policy goes on",
                partings.offline_while_away,
            ),
            _unanswered("5 s"),
        ),
    ),
    "y-websocket": Likeness(
        proof_ns=TRIP_NS,
        beats=Beats(first_s=15.02, every_s=15.0, patience_s=30.0, since_start=True, look_s=3.0),
        partings=(_unanswered("30 s"),),
    ),
    "robust-websocket": Likeness(
        partings=(
            Parting(
                "a connection closed while offline ends when the browser stops waiting for the"
                " server's close frame, after 60 s, or is reset; then the code opens a second one"
                " beside that which it has",
                partings.end_of_an_old_one,
            ),
            Parting(
                "after a refusal the code waits its 3 or 10 s from when the device is online; the"
                " policy tries at once",
                partings.waits_online,
            ),
            Parting(
                "a retry that falls due while offline is made (and fails); the policy waits",
                partings.made_offline,
            ),
            Parting(
                "4 s after the beginning of an attempt that did not open (one refused long before,"
                " too) the code stops listening to offline and online until it makes the next; the"
                " policy listens",
                partings.deaf,
            ),
            Parting(
                "a client that has stopped tries again when the device was offline and comes back;"
                " the policy has stopped for good",
                partings.revived,
            ),
        ),
    ),
    "home-assistant-js-websocket": Likeness(
        proof_ns=TRIP_NS,
        served_first=True,
        why="until the first connection it retries every second (setupRetry)",
    ),
    "@rails/actioncable": Likeness(
        luck=PollLuck,
        make=partial(ActionCable, math.inf),
        partings=(
            Parting(
                "a poll that finds a connection silent closes it and opens the next 0.5 s later,"
                " and polls count from the last ping that was heard; the policy waits for a poll"
                " and counts from the last ping before the end",
                partings.fell_silent,
            ),
            Parting(
                "the confirmation of a subscription, 20 ms after the welcome, is heard as a ping"
                " is; the policy counts pings only",
                partings.confirmed,
            ),
            Parting(
                "0.2 s after the page is shown, or 0.5 s later where an attempt is under way, the"
                " code tries besides its polls; the policy tries once",
                partings.shown,
            ),
        ),
    ),
    "@anycable/core": Likeness(luck=AnyCableLuck),
}
