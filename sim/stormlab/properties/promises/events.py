"""The events that promises ask for, as names of a module.

Python 3.11 takes five times as long to find ``Event.NEW``, and a promise asks at every step.
"""

from typing import Final

from stormlab.vocabulary import Event

NAVIGATE: Final = Event.NAVIGATE
READY: Final = Event.READY
MOUNT: Final = Event.MOUNT
CLEANUP: Final = Event.CLEANUP
GONE: Final = Event.GONE
NEW: Final = Event.NEW
CLOSE_CALLED: Final = Event.CLOSE_CALLED
OPEN: Final = Event.OPEN
SEND: Final = Event.SEND
CLOSE: Final = Event.CLOSE
TIMER_SET: Final = Event.TIMER_SET
TIMER_FIRED: Final = Event.TIMER_FIRED
TIMER_CLEARED: Final = Event.TIMER_CLEARED
TIMER_IGNORED: Final = Event.TIMER_IGNORED
GAVE_UP: Final = Event.GAVE_UP
RETRY_BY_HAND: Final = Event.RETRY_BY_HAND
CONNECT: Final = Event.CONNECT
REFUSED: Final = Event.REFUSED
REQUEST: Final = Event.REQUEST
RESPONSE: Final = Event.RESPONSE
IDLE_CUT: Final = Event.IDLE_CUT
STARTED: Final = Event.STARTED
ACCEPTED: Final = Event.ACCEPTED
ENDED: Final = Event.ENDED
LOST: Final = Event.LOST
PING_TIMEOUT: Final = Event.PING_TIMEOUT
FAULT: Final = Event.FAULT
OBSERVED: Final = Event.OBSERVED
PROVED: Final = Event.PROVED
HTTP_FIRST: Final = Event.HTTP_FIRST
OFFLINE: Final = Event.OFFLINE
ONLINE: Final = Event.ONLINE
HIDDEN: Final = Event.HIDDEN
VISIBLE: Final = Event.VISIBLE
SYN_RETRY: Final = Event.SYN_RETRY
ESTABLISHED: Final = Event.ESTABLISHED
TLS: Final = Event.TLS
CLOSED: Final = Event.CLOSED

TIMER_ENDS: Final = frozenset({TIMER_FIRED, TIMER_CLEARED, TIMER_IGNORED})
