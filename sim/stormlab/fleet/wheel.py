"""The queue of pending events: a wheel of buckets, sorted one at a time.

An event is three words: its time, the key that orders simultaneous events (as
:meth:`stormlab.clock.Clock.at` has it: rank, client, socket, attempt), and a payload. Events equal
in time and key come in the order in which they were pushed. Events after the end of the run are
not kept.

A bucket is a time of ``1 << shift`` ns: a list of chunks in the order of pushing. The current
bucket is sorted into a row; what is pushed into it meanwhile goes into a small heap beside the row.
A push or pop costs the same at a thousand events and at ten million, which no heap does.
"""

import numpy as np
from numpy.typing import NDArray

from stormlab.fleet.memory import (
    compiled,
    lines_of,
    load_i4,
    load_i8,
    record_at,
    store_i4,
    store_i8,
)

ENTRY_WORDS = 3
ENTRY_BYTES = ENTRY_WORDS * 8
HEAP_WORDS = 4
CHUNK_BYTES = 512  # a power of two
PER_CHUNK = CHUNK_BYTES // ENTRY_BYTES
FULL_AT = PER_CHUNK * ENTRY_BYTES  # in a chunk; there the number of the next one stands
SMALL = 24
PARTS_BITS_MAX = 16
SHIFT_MIN, SHIFT_MAX = 16, 24
BUCKETS_BITS_MIN, BUCKETS_BITS, BUCKETS_BITS_MAX = 8, 16, 18
EVENTS_BITS = 6

WHEEL = np.dtype(
    [
        ("time_ns", "<i8"),  # the event that was popped
        ("key", "<i8"),
        ("payload", "<i8"),
        ("until_ns", "<i8"),
        ("shift", "<i8"),
        ("current", "<i8"),  # the bucket in the row
        ("last", "<i8"),  # the last bucket
        ("position", "<i8"),  # the next entry of the row
        ("count", "<i8"),  # entries in the row
        ("heaped", "<i8"),  # entries in the heap
        ("pushed", "<i8"),  # into the heap, so far
        ("pending", "<i8"),  # all events to come
        ("free", "<i8"),  # the first free chunk of those used before
        ("fresh", "<i8"),  # the first chunk never used
        ("chunks_max", "<i8"),
        ("row_max", "<i8"),
        ("heap_max", "<i8"),
        ("full", "<i8"),  # 1: there was no room
        ("heads", "<i8"),  # addresses: of each bucket's first chunk,
        ("tails", "<i8"),  # and of where its next event goes, in bytes from the first chunk of all
        ("chunks", "<i8"),
        ("row", "<i8"),
        ("spare", "<i8"),
        ("heap", "<i8"),
        ("parts", "<i8"),
    ],
    align=True,
)
wheel_at = record_at(WHEEL)


def width_bits(until_ns: int, events_usual: int) -> int:
    """How wide a bucket is, in bits of nanoseconds, for about so many pending events.

    A bucket has many events, so that the memory of those to come can be asked for early; but it is
    no longer than latencies are (17 ms), since what is pushed into the current one costs more; but
    however long the run is, there are not more than 262,144 buckets.
    """
    bits = events_usual.bit_length() - EVENTS_BITS
    bits = min(BUCKETS_BITS, max(BUCKETS_BITS_MIN, bits))
    shift = min(SHIFT_MAX, max(SHIFT_MIN, (until_ns >> bits).bit_length()))
    return max(shift, (until_ns >> BUCKETS_BITS_MAX).bit_length())


class Wheel:
    """The memory of a wheel for runs until ``until_ns`` with up to ``events_max`` events pending.

    Memory that is never touched costs nothing: the limits may be generous.
    """

    def __init__(self, until_ns: int, events_max: int, events_usual: int) -> None:
        """Allocate; ``events_usual``: about how many will be pending, for the width of a bucket."""
        shift = width_bits(until_ns, events_usual)
        buckets = (until_ns >> shift) + 1
        chunks = events_max // PER_CHUNK + min(buckets, events_max) + 2
        self.record = np.zeros(1, WHEEL)
        self._heads = np.full(buckets, -1, "<i4")
        self._tails = np.full(buckets, -1, "<i8")
        self._chunks = lines_of(chunks, np.dtype((np.void, CHUNK_BYTES)))
        self._row = np.empty(events_max * ENTRY_WORDS, "<i8")
        self._spare = np.empty(events_max * ENTRY_WORDS, "<i8")
        self._heap = np.empty(events_max * HEAP_WORDS, "<i8")
        self._parts = np.zeros((1 << PARTS_BITS_MAX) + 1, "<i4")
        first = self.record[0]
        first["until_ns"], first["shift"] = until_ns, shift
        first["current"], first["last"] = -1, buckets - 1
        first["free"], first["chunks_max"] = -1, chunks
        first["row_max"] = first["heap_max"] = events_max
        for name in ("heads", "tails", "chunks", "row", "spare", "heap", "parts"):
            first[name] = _address(getattr(self, f"_{name}"))

    @property
    def address(self) -> int:
        """Where the record lies."""
        return _address(self.record)


def _address(array: NDArray[np.generic]) -> int:
    return array.ctypes.data


@compiled
def push(wheel, time_ns, key, payload):
    """Add an event, not before now; False when it comes after the end of the run."""
    if time_ns > wheel.until_ns:
        return False
    bucket = time_ns >> wheel.shift
    wheel.pending += 1
    if bucket <= wheel.current:
        _heap_push(wheel, time_ns, key, payload)
        return True
    tail = load_i8(wheel.tails, bucket)
    if tail < 0 or tail & (CHUNK_BYTES - 1) == FULL_AT:
        fresh = _chunk(wheel)
        if fresh < 0:
            return True
        if tail < 0:
            store_i4(wheel.heads, bucket, fresh)
        else:
            store_i4(wheel.chunks + tail, 0, fresh)
        tail = fresh * CHUNK_BYTES
    place = wheel.chunks + tail
    store_i8(place, 0, time_ns)
    store_i8(place, 1, key)
    store_i8(place, 2, payload)
    store_i8(wheel.tails, bucket, tail + ENTRY_BYTES)
    return True


@compiled
def _chunk(wheel):
    """An empty chunk, or -1 with ``full`` set."""
    chunk = wheel.free
    if chunk >= 0:
        wheel.free = np.int64(load_i4(wheel.chunks + chunk * CHUNK_BYTES + FULL_AT, 0))
    elif wheel.fresh < wheel.chunks_max:
        chunk = wheel.fresh
        wheel.fresh += 1
    else:
        wheel.full = 1
        return np.int64(-1)
    return chunk


@compiled
def ready(wheel, limit_ns):
    """Whether an event is pending before ``limit_ns``, or at about that time.

    If so, its time stands in ``time_ns`` and :func:`pop` takes it. The wheel does not turn beyond
    the limit, so that what is pushed then finds its bucket.
    """
    last = min(wheel.last, limit_ns >> wheel.shift)
    while wheel.position == wheel.count and wheel.heaped == 0:
        bucket = wheel.current + 1
        heads = wheel.heads
        while bucket <= last and load_i4(heads, bucket) < 0:
            bucket += 1
        if bucket > last:
            wheel.current = max(wheel.current, last - 1)
            return False
        wheel.current = bucket
        _gather(wheel, bucket)
    if wheel.position < wheel.count and not _heap_first(wheel):
        wheel.time_ns = load_i8(wheel.row, wheel.position * ENTRY_WORDS)
    else:
        wheel.time_ns = load_i8(wheel.heap, 0)
    return True


@compiled
def pop(wheel):
    """Take the next event, which :func:`ready` has found."""
    wheel.pending -= 1
    if wheel.position < wheel.count and not _heap_first(wheel):
        place = wheel.row + wheel.position * (ENTRY_WORDS * 8)
        wheel.position += 1
        wheel.time_ns = load_i8(place, 0)
        wheel.key = load_i8(place, 1)
        wheel.payload = load_i8(place, 2)
    else:
        _heap_pop(wheel)


@compiled
def ahead(wheel, distance):
    """The payload of the event that comes ``distance`` later; -1 where that is not known yet."""
    position = wheel.position + distance
    return load_i8(wheel.row, position * ENTRY_WORDS + 2) if position < wheel.count else -1


@compiled
def _heap_first(wheel):
    """Whether the heap's first comes before the row's; what was in the row was pushed earlier."""
    if wheel.heaped == 0:
        return False
    place = wheel.row + wheel.position * (ENTRY_WORDS * 8)
    time_ns = load_i8(place, 0)
    first_ns = load_i8(wheel.heap, 0)
    return first_ns < time_ns or (
        first_ns == time_ns and load_i8(wheel.heap, 1) < load_i8(place, 1)
    )


@compiled
def _gather(wheel, bucket):
    """Put a bucket's events into the row, in order, and free its chunks."""
    chunk = np.int64(load_i4(wheel.heads, bucket))
    tail = load_i8(wheel.tails, bucket)
    store_i4(wheel.heads, bucket, -1)
    store_i8(wheel.tails, bucket, -1)
    last = (tail - 1) // CHUNK_BYTES
    count = 0
    row = wheel.row
    while True:
        base = wheel.chunks + chunk * CHUNK_BYTES
        words = tail - last * CHUNK_BYTES if chunk == last else FULL_AT
        words >>= 3
        if count * ENTRY_WORDS + words > wheel.row_max * ENTRY_WORDS:
            wheel.full = 1
            words = 0
        for word in range(words):
            store_i8(row, count * ENTRY_WORDS + word, load_i8(base, word))
        count += words // ENTRY_WORDS
        following = np.int64(load_i4(base + FULL_AT, 0))
        store_i4(base + FULL_AT, 0, wheel.free)
        wheel.free = chunk
        if chunk == last:
            break
        chunk = following
    wheel.position = 0
    wheel.count = count
    if count <= SMALL:
        _insertion_sort(row, 0, count)
    else:
        _distribute(wheel, count)


@compiled
def _later(base, left, right):
    """Whether entry ``left`` comes after entry ``right``."""
    left_ns = load_i8(base, left * ENTRY_WORDS)
    right_ns = load_i8(base, right * ENTRY_WORDS)
    if left_ns != right_ns:
        return left_ns > right_ns
    return load_i8(base, left * ENTRY_WORDS + 1) > load_i8(base, right * ENTRY_WORDS + 1)


@compiled
def _insertion_sort(base, begin, end):
    for index in range(begin + 1, end):
        if not _later(base, index - 1, index):
            continue
        time_ns = load_i8(base, index * ENTRY_WORDS)
        key = load_i8(base, index * ENTRY_WORDS + 1)
        payload = load_i8(base, index * ENTRY_WORDS + 2)
        place = index
        while place > begin:
            before = (place - 1) * ENTRY_WORDS
            before_ns = load_i8(base, before)
            if before_ns < time_ns or (before_ns == time_ns and load_i8(base, before + 1) <= key):
                break
            store_i8(base, place * ENTRY_WORDS, before_ns)
            store_i8(base, place * ENTRY_WORDS + 1, load_i8(base, before + 1))
            store_i8(base, place * ENTRY_WORDS + 2, load_i8(base, before + 2))
            place -= 1
        store_i8(base, place * ENTRY_WORDS, time_ns)
        store_i8(base, place * ENTRY_WORDS + 1, key)
        store_i8(base, place * ENTRY_WORDS + 2, payload)


@compiled
def _copy(source, from_, target, to):
    store_i8(target, to * ENTRY_WORDS, load_i8(source, from_ * ENTRY_WORDS))
    store_i8(target, to * ENTRY_WORDS + 1, load_i8(source, from_ * ENTRY_WORDS + 1))
    store_i8(target, to * ENTRY_WORDS + 2, load_i8(source, from_ * ENTRY_WORDS + 2))


@compiled
def _distribute(wheel, count):
    """Sort the row: by the high bits of the time within the bucket, then each part by itself."""
    bits = 1
    while bits < PARTS_BITS_MAX and bits < wheel.shift and (1 << (bits + 1)) < count:
        bits += 1
    down = wheel.shift - bits
    mask = (1 << bits) - 1
    parts, row, spare = wheel.parts, wheel.row, wheel.spare
    for part in range((1 << bits) + 1):
        store_i4(parts, part, 0)
    for index in range(count):
        part = (load_i8(row, index * ENTRY_WORDS) >> down) & mask
        store_i4(parts, part + 1, load_i4(parts, part + 1) + 1)
    for part in range(1 << bits):
        store_i4(parts, part + 1, load_i4(parts, part + 1) + load_i4(parts, part))
    for index in range(count):
        part = (load_i8(row, index * ENTRY_WORDS) >> down) & mask
        place = np.int64(load_i4(parts, part))
        _copy(row, index, spare, place)
        store_i4(parts, part, place + 1)
    wheel.row, wheel.spare = spare, row
    begin = 0
    for part in range(1 << bits):  # each now holds the end of its own part
        end = np.int64(load_i4(parts, part))
        if end - begin <= SMALL:
            _insertion_sort(spare, begin, end)
        else:
            _merge_sort(spare, row, begin, end)
        begin = end


@compiled
def _merge_sort(base, spare, begin, end):
    """Sort entries ``begin`` to ``end`` of ``base``, stably; ``spare`` is as long."""
    index = begin + 1
    while index < end and not _later(base, index - 1, index):
        index += 1
    if index == end:  # as everybody's first attempt is
        return
    width = SMALL
    place = begin
    while place < end:
        _insertion_sort(base, place, min(place + width, end))
        place += width
    while width < end - begin:
        place = begin
        while place < end:
            middle, stop = min(place + width, end), min(place + 2 * width, end)
            left, right = place, middle
            for to in range(place, stop):
                if left < middle and (right >= stop or not _later(base, left, right)):
                    _copy(base, left, spare, to)
                    left += 1
                else:
                    _copy(base, right, spare, to)
                    right += 1
            place = stop
        for index in range(begin, end):
            _copy(spare, index, base, index)
        width *= 2


@compiled
def _before(heap, left, right):
    """Whether the heap's entry ``left`` comes before ``right``: time, key, order of pushing."""
    a, b = left * HEAP_WORDS, right * HEAP_WORDS
    if load_i8(heap, a) != load_i8(heap, b):
        return load_i8(heap, a) < load_i8(heap, b)
    if load_i8(heap, a + 1) != load_i8(heap, b + 1):
        return load_i8(heap, a + 1) < load_i8(heap, b + 1)
    return load_i8(heap, a + 2) < load_i8(heap, b + 2)


@compiled
def _swap(heap, left, right):
    for word in range(HEAP_WORDS):
        kept = load_i8(heap, left * HEAP_WORDS + word)
        store_i8(heap, left * HEAP_WORDS + word, load_i8(heap, right * HEAP_WORDS + word))
        store_i8(heap, right * HEAP_WORDS + word, kept)


@compiled
def _heap_push(wheel, time_ns, key, payload):
    place = wheel.heaped
    if place >= wheel.heap_max:
        wheel.full = 1
        return
    heap = wheel.heap
    store_i8(heap, place * HEAP_WORDS, time_ns)
    store_i8(heap, place * HEAP_WORDS + 1, key)
    store_i8(heap, place * HEAP_WORDS + 2, wheel.pushed)
    store_i8(heap, place * HEAP_WORDS + 3, payload)
    wheel.pushed += 1
    wheel.heaped = place + 1
    while place > 0:
        parent = (place - 1) >> 1
        if not _before(heap, place, parent):
            break
        _swap(heap, place, parent)
        place = parent


@compiled
def _heap_pop(wheel):
    heap = wheel.heap
    wheel.time_ns = load_i8(heap, 0)
    wheel.key = load_i8(heap, 1)
    wheel.payload = load_i8(heap, 3)
    last = wheel.heaped - 1
    wheel.heaped = last
    if last == 0:
        return
    _swap(heap, 0, last)
    place = 0
    while True:
        child = 2 * place + 1
        if child >= last:
            break
        if child + 1 < last and _before(heap, child + 1, child):
            child += 1
        if not _before(heap, child, place):
            break
        _swap(heap, place, child)
        place = child
