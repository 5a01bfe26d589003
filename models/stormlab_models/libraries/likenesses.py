"""The likeness of each recipe and its policy: see :mod:`.likeness`."""

import math
from functools import partial

from stormlab.clock import to_ns
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

LIKENESSES = {
    "reconnecting-websocket": Likeness(),
    "partysocket": Likeness(),
    "socket.io-client": Likeness(beats=Beats(every_s=25.02, patience_s=45.0)),
    "phoenix": Likeness(
        proof_ns=TRIP_NS,
        # 1.5 s: it waits so long for the end of the connection that it has closed
        beats=Beats(every_s=30.02, patience_s=61.5),
    ),
    "@microsoft/signalr": Likeness(
        proof_ns=TRIP_NS,
        served_first=True,
        why="the library does not retry a start() that fails",
        beats=Beats(first_s=0.02, every_s=15.0, patience_s=30.0),
    ),
    # an operation's id takes 31 calls
    "graphql-ws": Likeness(luck=partial(Luck, first=31), proof_ns=TRIP_NS),
    "centrifuge": Likeness(
        luck=CentrifugeLuck,
        proof_ns=TRIP_NS,
        beats=Beats(first_s=0.02, every_s=25.0, patience_s=35.0),
    ),
    "y-websocket": Likeness(
        proof_ns=TRIP_NS,
        beats=Beats(first_s=15.02, every_s=15.0, patience_s=30.0, since_start=True, look_s=3.0),
    ),
    "robust-websocket": Likeness(),
    "home-assistant-js-websocket": Likeness(
        proof_ns=TRIP_NS,
        served_first=True,
        why="until the first connection it retries every second (setupRetry)",
    ),
    "@rails/actioncable": Likeness(luck=PollLuck, make=partial(ActionCable, math.inf)),
    "@anycable/core": Likeness(luck=AnyCableLuck),
}
