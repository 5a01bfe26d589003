"""Words of rules as numbers."""

NEVER = -(1 << 62)  # no time
NO_MORE = -1  # no delay: the schedule has ended

# decisions: a time, or one of these
NOTHING = NEVER
USED_UP, TOO_LONG, TOO_YOUNG, NOT_RETRIED = (NOTHING + n for n in (1, 2, 3, 4))
LAST_STOP = NOTHING + 15
REASONS = (
    "attempts used up",
    "gave up after the longest outage",
    "the connection ended too young",
    "an end that is not retried",
)

# what a client has learnt, and what sets its count back
ON_OPEN, ON_PROOF, ON_STABLE, ON_TIME, ON_HTTP, ON_NEVER = range(6)
RESETS = {"open": 0, "proof": 1, "stable": 2, "time": 3, "http": 4, "never": 5}

# where a client is
WAITING, CONNECTING, OPEN, STOPPED = range(4)

# what a rule of codes says
AS_USUAL, STOP, NOW = range(3)

# which schedule: the parts of a policy first, then those of its rules for codes
USUAL, FIRST_AFTER_DROP, LATE, FIRST_CONNECT, ONLINE, VISIBLE, RECHECK, RESTART, LATER = range(9)
PARTS = 9

# facts about the device and the page
IS_ONLINE, IS_OFFLINE, IS_VISIBLE, IS_HIDDEN = range(4)

# draws of a policy's own, by purpose
ADVICE, PROBE, BUDGET = range(3)
PURPOSES = ("advice", "probe", "budget")

# what becomes of a number too large
SATURATE, IEEE, INT32_TIMER = range(3)
OVERFLOWS = {"saturate": 0, "ieee": 1, "int32-timer": 2}

# where a breaker stands
CLOSED, BROKEN, HALF_OPEN = range(3)
