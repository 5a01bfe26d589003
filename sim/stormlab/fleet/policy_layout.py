"""The records of policies: parameters of a rule, state of a socket's policy, breakers, budgets.

Fields have the names that :mod:`stormlab.policy.rules` asks for.
"""

import numpy as np

from stormlab.fleet.memory import record_at

# kinds
DELAYS, SPAN, BETWEEN, STAGES, DECORRELATED, GROWN, NORMAL, POLLY, NEXT_ABOVE, ABSENT = range(10)
FULL, EQUAL, MULTIPLIED, ADDED, COMB, MEMORYLESS = range(6)
NO_TRIP, ROW, TIME, COUNT = range(4)
NO_BUDGET, BUCKET, TOKENS, LEAKY, SHARE, THROTTLE = range(6)

PLAN = (
    ("reset_after_ns", "<i8"), ("give_up_ns", "<i8"), ("late_ns", "<i8"), ("spacing_ns", "<i8"),
    ("hidden_ns", "<i8"), ("advice_spread_ns", "<i8"), ("breaker_spread_ns", "<i8"),
    ("half_open_ns_max", "<i8"), ("failure_ratio", "<f8"), ("reset_on", "<i4"),
    ("success_on", "<i4"), ("attempts_max", "<i4"), ("probes", "<i4"), ("successes", "<i4"),
    ("gate", "<i1"), ("drop_counts", "<i1"), ("drops_fail", "<i1"), ("from_attempt", "<i1"),
    ("by_hand_resets", "<i1"), ("has_first", "<i1"), ("has_online", "<i1"), ("has_visible", "<i1"),
    ("network_resets", "<i1"), ("visible_resets", "<i1"), ("waits_offline", "<i1"),
    ("skips_hidden", "<i1"),
    ("longest_hidden", "<i1"), ("advice_exact", "<i1"), ("has_breaker", "<i1"),
    ("has_budget", "<i1"), ("ratio_decides", "<i1"), ("probe_again", "<i1"),
    ("grows", "<i1"),
)  # fmt: skip
RULE = np.dtype(
    [
        *PLAN,
        ("shares", "<i1"),  # all sockets of a client have one breaker and one budget
        ("beyond", "<i4"),  # set when a delay beyond a backoff's table was asked for
        ("growth_cap_s", "<f8"),
        ("growth_at_least", "<i4"),
        ("growth_count", "<i4"),
        ("open_count", "<i4"),
        ("schedule_p", "<i8"),
        ("stage_p", "<i8"),
        ("jitter_p", "<i8"),
        ("end_p", "<i8"),
        ("float_p", "<i8"),  # tables of floats, by place
        ("growth", "<i8"),  # place of the table of a connect time-out that changes
        ("open_p", "<i8"),
        ("normal_p", "<i8"),  # quantiles: the standard normal, the exponential with mean 1
        ("exponential_p", "<i8"),
        ("trip_p", "<i8"),
        ("pay_p", "<i8"),  # the budget's parameters
        ("ring_p", "<i8"),  # memories of breakers, then of budgets
    ],
    align=True,
)
_HOT = [
    ("outage_ns", "<i8"), ("began_ns", "<i8"), ("opened_ns", "<i8"), ("n", "<i4"),
    ("retries", "<i4"), ("phase", "<i1"), ("fresh", "<i1"), ("unresolved", "<i1"),
    ("retried", "<i1"), ("offline", "<i1"), ("hidden", "<i1"), ("withheld", "<i1"),
    ("remembers", "<i1"),
]  # fmt: skip
HOT = np.dtype(_HOT, align=True)  # what every policy remembers
ME = np.dtype(  # and what some do: see Tables.remembers_more
    [
        *_HOT, ("failed_ns", "<i8"), ("delay_ns", "<i8"), ("unit", "<f8"), ("memory", "<f8"),
        ("attempts", "<i4"),
    ],
    align=True,
)  # fmt: skip
BREAKER = np.dtype(
    [
        ("until_ns", "<i8"), ("since_ns", "<i8"), ("last_probe_ns", "<i8"), ("ring", "<i8"),
        ("opens", "<i4"), ("under_way", "<i4"), ("good", "<i4"), ("bad", "<i4"), ("count", "<i4"),
        ("first", "<i4"), ("room", "<i4"), ("stage", "<i4"),
    ],
    align=True,
)  # fmt: skip
BUDGET = np.dtype(
    [
        ("full_at_ns", "<i8"), ("last_ns", "<i8"), ("left", "<i8"), ("ring", "<i8"),
        ("count", "<i4"), ("first", "<i4"), ("room", "<i4"), ("retries", "<i4"),
    ],
    align=True,
)  # fmt: skip
TRIP = np.dtype(
    [
        ("bucket_ns", "<i8"), ("window_buckets", "<i8"), ("ratio", "<f8"), ("kind", "<i4"),
        ("failures", "<i4"), ("throughput_min", "<i4"), ("size", "<i4"), ("minimum", "<i4"),
        ("above", "<i4"),
    ],
    align=True,
)  # fmt: skip
PAY = np.dtype(
    [
        ("period_ns", "<i8"), ("tokens_max", "<i8"), ("cost", "<i8"), ("above", "<i8"),
        ("per_failure", "<i8"), ("per_success", "<i8"), ("per_request", "<i8"), ("step_ns", "<i8"),
        ("window_ns", "<i8"), ("probe_ns", "<i8"), ("k", "<f8"), ("share", "<f8"),
        ("kind", "<i4"), ("burst", "<i4"), ("steps", "<i4"), ("retries_min", "<i4"),
        ("refund", "<i4"), ("room", "<i4"),
    ],
    align=True,
)  # fmt: skip
SCHEDULE = np.dtype(
    [
        ("purpose", "<u8"), ("cap_ms", "<f8"), ("step_ms", "<f8"), ("a", "<f8"), ("b", "<f8"),
        ("c", "<f8"), ("table", "<i8"), ("other", "<i8"), ("count", "<i4"), ("ends_at", "<i4"),
        ("kind", "<i4"), ("overflow", "<i4"), ("jitters", "<i4"), ("jitter", "<i4"),
        ("scope", "<i4"), ("cap_before", "<i1"), ("cap_after", "<i1"), ("nearest", "<i1"),
        ("less_elapsed", "<i1"), ("whole", "<i1"), ("grows", "<i1"),
        ("only_full", "<i1"),  # nothing but a backoff, full jitter and a cap
    ],
    align=True,
)  # fmt: skip
STAGE = np.dtype([("count", "<i4"), ("schedule", "<i4")], align=True)
JITTER = np.dtype(
    [
        ("purpose", "<u8"), ("a", "<f8"), ("b", "<f8"), ("kind", "<i4"), ("scope", "<i4"),
        ("whole", "<i4"), ("on_top", "<i4"),
    ],
    align=True,
)  # fmt: skip
END = np.dtype(
    [
        ("asked_ns", "<i8"), ("action", "<i4"), ("schedule", "<i4"), ("advised", "<i4"),
        ("counts", "<i4"), ("code", "<i4"), ("clean", "<i4"),
    ],
    align=True,
)  # fmt: skip

rule_at, me_at, end_at = record_at(RULE), record_at(ME), record_at(END)
breaker_at, budget_at = record_at(BREAKER), record_at(BUDGET)
trip_at, pay_at = record_at(TRIP), record_at(PAY)
schedule_at, stage_at, jitter_at = record_at(SCHEDULE), record_at(STAGE), record_at(JITTER)
