"""What a closed breaker remembers of results, and when that opens it.

``rule``: failures (in a row); or window_buckets, ratio, throughput_min, above; or size, minimum.
``memory``: count (of failures in a row, or of entries), and a ring of entries: first, room, ring.
An entry of a window of time is three numbers: bucket, successes, failures; one of a window of
results is one: 1 for a success. Whoever owns the memory sees to it that there is room for one more.
"""

from typing import Any

from stormlab.policy.rules.memory import get, put

WORDS = 3


def too_many(failures: int, total: int, ratio: float, above: bool) -> bool:
    """Whether the share of failures reaches the ratio, or exceeds it."""
    share = failures / total if total > 0 else 0.0
    if above:
        return share > ratio
    return failures > 0 and share >= ratio


def row_add(memory: Any, success: bool) -> None:
    """Count failures in a row."""
    memory.count = 0 if success else memory.count + 1


def time_add(rule: Any, memory: Any, bucket: int, success: bool) -> None:
    """Count a result in the bucket of its time."""
    last = (memory.first + memory.count - 1) % memory.room * WORDS
    if memory.count == 0 or get(memory.ring, last) != bucket:
        last = (memory.first + memory.count) % memory.room * WORDS
        memory.count += 1
        put(memory.ring, last, bucket)
        put(memory.ring, last + 1, 0)
        put(memory.ring, last + 2, 0)
    place = last + 1 if success else last + 2
    put(memory.ring, place, get(memory.ring, place) + 1)
    time_forget(rule, memory, bucket)


def time_forget(rule: Any, memory: Any, bucket: int) -> None:
    """Forget the buckets that have left the window."""
    oldest = bucket - rule.window_buckets
    while memory.count > 0 and get(memory.ring, memory.first * WORDS) <= oldest:
        memory.first = (memory.first + 1) % memory.room
        memory.count -= 1


def time_tripped(rule: Any, memory: Any, bucket: int) -> bool:
    """Whether the share of failures in the window opens the breaker."""
    time_forget(rule, memory, bucket)
    failures = 0
    total = 0
    for number in range(memory.count):
        place = (memory.first + number) % memory.room * WORDS
        failures += get(memory.ring, place + 2)
        total += get(memory.ring, place + 1) + get(memory.ring, place + 2)
    if total < rule.throughput_min:
        return False
    return too_many(failures, total, rule.ratio, rule.above)


def count_add(rule: Any, memory: Any, success: bool) -> None:
    """Remember a result among the last ones."""
    put(memory.ring, (memory.first + memory.count) % memory.room, 1 if success else 0)
    memory.count += 1
    if memory.count > rule.size:
        memory.first = (memory.first + 1) % memory.room
        memory.count -= 1


def count_tripped(rule: Any, memory: Any) -> bool:
    """Whether the share of failures among the last results opens the breaker."""
    total = memory.count
    failures = total
    for number in range(total):
        failures -= get(memory.ring, (memory.first + number) % memory.room)
    if total < min(rule.minimum, rule.size):
        return False
    return too_many(failures, total, rule.ratio, rule.above)
