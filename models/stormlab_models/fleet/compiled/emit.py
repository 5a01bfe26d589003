"""What the kernel writes down: rows of the trace, or counts where the trace would not fit."""

import numpy as np

from stormlab.fleet.memory import compiled, inlined, load_i4, load_i8, store_i4, store_i8
from stormlab.fleet.streams import note, streams_at
from stormlab_models.fleet.compiled.layout import NONE, numbers_at, row_at, socket_of

COUNT_WORDS = 3  # events, bytes up, bytes down
PLACE_MASK = (1 << 20) - 1


@compiled
def detail(w, code):
    """The number of a detail string in this trace: strings are numbered as they are met."""
    number = np.int64(load_i4(w.detail_p, code))
    if number == 0:
        number = w.details
        w.details = number + 1
        store_i4(w.detail_p, code, number)
    return number


@compiled
def row(
    w,
    time_ns,
    event,
    client,
    place,
    socket,
    attempt,
    conn,
    code,
    clean,
    up,
    down,
    cause,
    value_ns,
    text,
):
    """Write a row of the trace."""
    r = row_at(w.row_p, w.rows)
    w.rows += 1
    r.time_ns = time_ns
    r.event = event
    r.client = client
    r.endpoint = place
    r.socket = socket
    r.attempt = attempt
    r.conn = conn
    r.code = code
    r.clean = clean
    r.up = up
    r.down = down
    r.before = -1
    r.after = -1
    r.cause = cause
    r.value_ns = value_ns
    r.detail = text


@inlined
def count(w, time_ns, event, up, down):
    """Count an event."""
    if w.streams_p:
        note(streams_at(w.streams_p, 0), time_ns, event, up, down)
    add(w, event, 1, up, down)


@inlined
def add(w, event, number, up, down):
    """Count so many events, with their bytes."""
    place = event * COUNT_WORDS
    store_i8(w.count_p, place, load_i8(w.count_p, place) + number)
    if up:
        store_i8(w.count_p, place + 1, load_i8(w.count_p, place + 1) + up)
    if down:
        store_i8(w.count_p, place + 2, load_i8(w.count_p, place + 2) + down)


@inlined
def of_link(
    w, index, link, time_ns, event, code=0, clean=-1, up=0, down=0, cause=0, value_ns=0, text=0
):
    """Write down an event of a link."""
    if not w.traced:
        count(w, time_ns, event, up, down)
    if w.watched and link.owner < w.watched:
        who = socket_of(w, link.owner).who
        numbers = numbers_at(w.number_p, index)
        row(
            w,
            time_ns,
            event,
            who >> 20,
            who & PLACE_MASK,
            numbers.socket,
            link.attempt,
            numbers.conn,
            code,
            clean,
            up,
            down,
            cause,
            value_ns,
            text,
        )


@inlined
def of_socket(w, socket, time_ns, event, value_ns=0, text=0):
    """Write down an event of an endpoint."""
    if not w.traced:
        count(w, time_ns, event, 0, 0)
    if w.watched and socket.who < w.watched_who:
        row(
            w,
            time_ns,
            event,
            socket.who >> 20,
            socket.who & PLACE_MASK,
            NONE,
            socket.attempts,
            NONE,
            0,
            -1,
            0,
            0,
            0,
            value_ns,
            text,
        )


@compiled
def of_world(w, time_ns, event, client=-1, conn=-1, value_ns=0, text=0):
    """Write down an event of a client or a pod."""
    if not w.traced:
        count(w, time_ns, event, 0, 0)
    if w.watched and client << 20 < w.watched_who:
        row(w, time_ns, event, client, NONE, NONE, 0, conn, 0, -1, 0, 0, 0, value_ns, text)
