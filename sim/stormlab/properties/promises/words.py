"""For people: how each promise's bound follows, and when the promise is undecided."""

from typing import NamedTuple


class Words(NamedTuple):
    """How the bound follows from what is declared, and what leaves the promise undecided."""

    bound: str
    undecided: str


WORDS: dict[str, Words] = {
    "delay-in-range": Words(
        "The supports of the delays are computed from backoff, jitter and cap, corner by"
        " corner; the longest wait also counts rules for close codes, hidden pages and spacing."
        " A breaker or a budget may only lengthen.",
        "never; where no range is declared only delays below zero break it",
    ),
    "delay-grows-to-the-cap": Words(
        "The schedule is walked through 40 refusals with one draw for all delays, so that only"
        " the backoff is left.",
        "the policy does not retry, or is a class with a breaker or budget in it",
    ),
    "delay-survives-overflow": Words(
        "As above, through 1,200 refusals: beyond every overflow known (2**31 ms, 2**63 ns,"
        " 2.0**1024).",
        "the policy does not retry, or is a class with a breaker or budget in it",
    ),
    "jitter-survives-the-cap": Words(
        "Decorrelated jitter puts up to two thirds of its draws on the cap, so nine tenths are"
        " allowed; jitter that is erased at the cap leaves all of them there.",
        "fewer than half of the 200 clients retry so often",
    ),
    "fleet-disperses": Words(
        "If chance spreads the herd evenly over W, a window w has m = 200 w / W attempts, and"
        " hardly ever more than m + 5 sqrt(m) + 5. W is no less than the 5 s of RFC 6455,"
        " section 7.2.3, nor more than half of the longest delay, which full jitter gives.",
        "fewer than 50 attempts are made in the later half of the outage",
    ),
    "first-retry-is-spread": Words(
        "Half of a fleet in 100 ms is a storm whatever follows.",
        "fewer than half of the 200 clients retry after a drop",
    ),
    "amplification-bounded": Words(
        "The middles of the declared delays, added up, give the attempts of a usual client;"
        " twice as many and 5 are allowed. Who declares nothing is held to one attempt per"
        " second.",
        "the policy does not retry",
    ),
    "converges": Words(
        "An attempt under way at the healing may still hang until its time-out; then comes the"
        " longest delay after that many failures, or the breaker's open time, or the next token.",
        "the socket is offline, hidden, closed, or gave up as declared; it has no connect time-out,"
        " and its host vanished in the middle of a handshake; the run ends before the bound",
    ),
    "survives-long-outages": Words(
        "The bound of converges, after an outage of at least 300 s that the policy declares to"
        " survive. Where the server was there too shortly for the client to notice, or without the"
        " proof that the client waits for, the outages before and after are one.",
        "no outage in the world is so long, or it declares to give up in it",
    ),
    "gives-up-as-declared": Words(
        "Failures are counted over the whole life of the socket, so that no reset is held"
        " against it.",
        "nothing happened",
    ),
    "notices-a-dead-peer": Words(
        "The peer may fall silent just after a ping was answered: one period, then the time-out.",
        "the policy has no heartbeat, or no peer fell silent while connected",
    ),
    "forgets-when-stable": Words(
        "Its first delays are those declared and those of 16 walks after a drop; twice the"
        " longest is allowed. A policy that declares a longer stable time is given it.",
        "no long connection followed four failures, or a budget or breaker may hold the retry back",
    ),
    "calm-when-fooled": Words(
        "What it does in 60 s of refusals is the most of five walks; twice that and 5 are allowed.",
        "nothing was accepted and closed for 60 s on end, or the server said when to come back",
    ),
    "backoff-survives-flapping": Words(
        "What it usually waits after 8 failures is the median of 16 walks; even full jitter"
        " reaches an eighth of it in 8 draws, but for one case in ten million.",
        "fewer than 16 connections in a row and no long wait, delays that hardly grow, or"
        " connections that it declares to be stable",
    ),
    "attempts-bounded": Words(
        "The most of five walks in 60 s, or what its shortest declared delays allow, the fewer;"
        " twice that and 5. Who declares no delays is held to 125, two a second. A world that ended"
        " because nothing ever waits breaks it.",
        "never",
    ),
    "budget-kept": Words(
        "A reference budget with the declared parameters is fed with the same outcomes.",
        "no budget is declared, it refuses by chance, or no retry was made",
    ),
    "bytes-bounded": Words(
        "The dearest handshake that the network model has: ten SYNs, a full TLS handshake, a"
        " request before the upgrade.",
        "no attempt was made, or the world counts no bytes",
    ),
    "quiet-while-the-breaker-is-open": Words(
        "A reference breaker with the declared parameters is fed with the outcomes that the"
        " client met; what a breaker says of itself is not asked.",
        "no breaker is declared, or it never had to open",
    ),
    "half-open-keeps-its-quota": Words(
        "A reference breaker with the declared parameters is fed with the outcomes that the"
        " client met; what a breaker says of itself is not asked.",
        "it lets any number of probes through, or was never half-open",
    ),
    "breaker-tries-again": Words(
        "Open time, a fifth more for a spread of the probes, and the longest delay of the"
        " failure that opened it.",
        "no breaker is declared, or it never had to open, or a budget is declared too",
    ),
    "breaker-opens-for-cause": Words(
        "A reference breaker with the declared parameters is fed with the outcomes that the"
        " client met; what a breaker says of itself is not asked. While it is closed each loss"
        " is answered within the longest declared delay.",
        "no breaker is declared, a budget is, or nothing was lost while it was closed",
    ),
    "probe-frees-its-slot": Words(
        "The probe's own time-out, the breaker's limit for half-open, its open time once more,"
        " and the longest delay of who waits.",
        "no breaker is declared or shared, or no probe was made that others had to wait for",
    ),
    "obeys-advice": Words(
        "The delay that the server named, up to the declared limit; after 1012 and 1013 without"
        " one the shortest of the delays declared for the code. Codes with rules of their own"
        " are not held to it.",
        "the policy declares no obedience, or the server gave no advice",
    ),
    "obeys-close-codes": Words(
        "Final codes are declared; 1001, 1012 and 1013 ask to come back (IANA registry).",
        "no close code was received",
    ),
    "heartbeat-beats-the-proxy": Words(
        "A connection that is never silent for as long as the proxy waits is never cut.",
        "no proxy cuts in this world, or no connection lasted so long",
    ),
    "one-live-socket": Words(
        "One socket is what an endpoint needs.",
        "never: an endpoint without two sockets keeps it",
    ),
    "one-connection-at-the-server": Words(
        "uvicorn's pings need 40 s to find a dead client; what the page closed or lost is not"
        " counted.",
        "the server accepted nobody, or the world has no server's view",
    ),
    "one-pending-timer": Words(
        "Two timers make two attempts.",
        "never",
    ),
    "quiet-after-the-end": Words(
        "None is needed: nothing may follow.",
        "nothing was closed, unmounted or given up",
    ),
    "sends-when-open": Words(
        "None is needed: WebSocket.send() throws while CONNECTING.",
        "nothing is sent in this world",
    ),
    "conserves-attempts": Words(
        "None is needed: things are counted.",
        "nothing happened",
    ),
    "same-world-same-trace": Words(
        "None is needed: two stories are compared step by step.",
        "the world was not run a second time",
    ),
    "raises-nothing": Words(
        "None is needed: an error in a listener or a timer goes to the console, in Node it ends the"
        " process.",
        "never",
    ),
    "closes-for-good": Words(
        "Chromium waits 60 s for the answer to a close frame, ws 30 s.",
        "the application did not close it, or reconnected soon",
    ),
}
