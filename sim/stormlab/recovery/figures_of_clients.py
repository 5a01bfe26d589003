"""Figures of clients: time to reconnect, losses, what users see.

Symbols: lost_i, back_i: when place i lost its connection and when it got a lasting one
(:mod:`stormlab.recovery.run`); heal_i: when the service was there again for it, not before lost_i;
f, e: fault and end of the run; S(t): share of the places still away t after they were lost
(Kaplan-Meier, :mod:`stormlab.recovery.waits`); n: places that lost a connection.
"""

from collections.abc import Callable
from functools import partial

from stormlab.clock import NS_PER_S
from stormlab.recovery import freshness
from stormlab.recovery.figure import Figure, Value
from stormlab.recovery.load import percent
from stormlab.recovery.run import Recovery
from stormlab.recovery.waits import Waits

WaitsOf = Callable[[Recovery], Waits]

_NEVER_BACK = "Not why. Never (inf) when fewer were back by the end of the run, however long it was"
_MEAN = "Not how long those still away will be away: they count up to the end of the run only"


def _quantiles(
    name: str, of: WaitsOf, what: str, words: str, since: str, limits: str
) -> tuple[Figure, ...]:
    def figure(p: int) -> Figure:
        return Figure(
            name=f"{name}_s_p{p}",
            of=lambda recovery: of(recovery).quantile_s(p / 100),
            title=f"{what}, p{p}",
            unit="s",
            words=words,
            formula=f"min {{t : S(t) <= 1 - p / 100}}, t = {since}",
            limits=limits,
        )

    return tuple(figure(p) for p in (50, 95, 99))


def _mean(name: str, of: WaitsOf, what: str, words: str) -> Figure:
    return Figure(
        name=f"{name}_s_mean",
        of=lambda recovery: of(recovery).mean_s(recovery.horizon_ns),
        title=f"{what}, mean",
        unit="s",
        words=words,
        formula="integral of S(t) for t from 0 to e - f",
        limits=_MEAN,
    )


def _away_mean(recovery: Recovery) -> Value:
    away = recovery.away_ns
    return float(away.mean()) / NS_PER_S if len(away) else None


BACK = (
    *_quantiles(
        "reconnect",
        lambda recovery: recovery.reconnect,
        "Time to reconnect",
        "p % of the sockets that lost their connection had a lasting one again after this time",
        "back_i - lost_i",
        _NEVER_BACK + ". It contains the outage itself",
    ),
    _mean(
        "reconnect",
        lambda recovery: recovery.reconnect,
        "Time to reconnect",
        "Mean time from the loss to a lasting connection, counted up to the end of the run",
    ),
    *_quantiles(
        "recovery",
        lambda recovery: recovery.recovery,
        "Time to recover",
        "p % of them had one after this time since the service was there again (or since the"
        " loss, if that was later)",
        "max(0, back_i - heal_i)",
        _NEVER_BACK,
    ),
    _mean(
        "recovery",
        lambda recovery: recovery.recovery,
        "Time to recover",
        "Mean time from when the service was there again, counted up to the end of the run",
    ),
    *_quantiles(
        "client_reconnect",
        lambda recovery: recovery.client_reconnect,
        "Time to reconnect of a client",
        "p % of the clients that lost a connection had all their sockets back after this time",
        "max back_i - min lost_i over the sockets of a client",
        _NEVER_BACK + ". A client with one socket back can be of use already",
    ),
    Figure(
        name="away_s_mean",
        of=_away_mean,
        title="Time away, mean",
        unit="s",
        words="Mean time without any connection from the loss to the end of the run; with a"
        " connection that is lost again, both times count",
        formula="sum over i of (time without a connection in [lost_i, e]) / n",
        limits="Not how often. Grows with the run where some stay away",
    ),
)


def _lost(recovery: Recovery) -> int:
    return int(recovery.was_lost.sum())


def _lost_for_good(recovery: Recovery) -> Value:
    return percent(int(recovery.is_lost_for_good.sum()), _lost(recovery))


def _away(recovery: Recovery) -> Value:
    return percent(int(recovery.is_away.sum()), _lost(recovery))


def _clients_lost(recovery: Recovery) -> int:
    shape = recovery.rows.clients, recovery.rows.sockets
    return int(recovery.is_lost_for_good.reshape(shape).any(axis=1).sum())


LOSSES = (
    Figure(
        name="connections_lost",
        of=_lost,
        title="Sockets that lost their connection",
        unit="sockets",
        words="Sockets that were without a connection at some moment from the fault on",
        formula="n = #{i : lost_i < e}",
        limits="Not how long; a socket that loses several connections counts once",
        better="",
        format="{:d}",
    ),
    Figure(
        name="lost_percent",
        of=_lost_for_good,
        title="Lost for good",
        unit="% of sockets",
        words="Of them, those that have no connection at the end and will not try again: gave up,"
        " or silent",
        formula="100 #{i : gave up or silent at e} / n",
        limits="Not those that still try in vain (see away_percent). A person or a reload may bring"
        " them back",
    ),
    Figure(
        name="lost_clients",
        of=_clients_lost,
        title="Clients lost for good",
        unit="clients",
        words="Clients with at least one socket that is lost for good",
        formula="#{clients : some socket lost for good}",
        limits="Not how many of their sockets",
        format="{:d}",
    ),
    Figure(
        name="away_percent",
        of=_away,
        title="Away at the end",
        unit="% of sockets",
        words="Of the sockets that lost their connection, those without one at the end, for"
        " whatever reason",
        formula="100 #{i : not open at e} / n",
        limits="Depends on how long the run is",
    ),
)

USERS = (
    Figure(
        name="missed_messages_percent",
        of=freshness.missed_percent,
        title="Messages missed",
        unit="% of messages",
        words="Of the messages published from the fault on, counted once per socket, those"
        " published while the socket had no connection",
        formula="100 #{(i, j) : i away at p + j m} / #{(i, j)}; p phase, m period",
        limits="Not what is sent again after a reconnect",
    ),
    Figure(
        name="missed_messages_per_client_mean",
        of=freshness.missed_per_client,
        title="Messages missed per client",
        unit="messages",
        words="The same, as a number per client",
        formula="#{(i, j) : i away at p + j m} / clients",
        limits="As above; grows with the run where some stay away",
    ),
    Figure(
        name="staleness_s_mean",
        of=freshness.staleness_mean_s,
        title="Staleness, mean",
        unit="s",
        words="Age of the newest message that a socket has received, at a random moment from the"
        " fault on, of a random socket",
        formula="1 / (n T) sum over i of integral of age_i(t) for t from f to e",
        limits="Not the time on the wire. Data sent anew at the opening would make it smaller by up"
        " to one period",
    ),
    Figure(
        name="staleness_s_p99",
        of=partial(freshness.staleness_quantile_s, p=0.99),
        title="Staleness, p99",
        unit="s",
        words="The age that is not exceeded in 99 % of all moments and sockets",
        formula="min {a : share of (i, t) with age_i(t) <= a is 0.99}",
        limits="As the mean",
    ),
    Figure(
        name="staleness_s_max",
        of=freshness.staleness_most_s,
        title="Staleness, max",
        unit="s",
        words="The largest age at any moment of any socket",
        formula="max over i, t of age_i(t)",
        limits="One socket that stays away makes it as long as the rest of the run",
    ),
)
