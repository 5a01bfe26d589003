"""The proposed changes and the five phases, as settings that go on top of a case.

The settings of the changes are those of :mod:`stormlab_models.tac_webbuilder.changes`, those of the
phases those of :mod:`stormlab_models.tac_webbuilder.phases`; both hold the application as found as
well. The rest are probes: what the analysis does not propose, but what tells causes apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stormlab_models.tac_webbuilder.changes import change, settings
from stormlab_models.tac_webbuilder.phases import PHASES as PLAN
from stormlab_models.tac_webbuilder.phases import phase


@dataclass(frozen=True)
class Fix:
    """A change to page or server; ``proposed``: as the analysis writes it."""

    title: str
    settings: tuple[str, ...]
    proposed: bool = True


def _as_written(title: str, *names: str) -> Fix:
    return Fix(title, settings(*(change(name).as_written for name in names)))


def _probe(title: str, **values: str | float | bool) -> Fix:
    return Fix(
        title, settings({k.replace("__", "."): v for k, v in values.items()}), proposed=False
    )


FIXES: Mapping[str, Fix] = {
    "client_ready": _as_written("client_ready", "client-change-1", "server-change-1"),
    "ready_message": _as_written("client_ready in the page only", "client-change-1"),
    "ping": _as_written("ping every 30 s (Improvement 2)", "improvement-2"),
    "ping_at_creation": _as_written("ping every 30 s (Client Change 2)", "client-change-2"),
    "stagger": _as_written("stagger, timers cleared", "client-change-4"),
    "stagger_uncleared": _as_written("stagger, timers not cleared", "improvement-3"),
    "breaker": _as_written("circuit breaker as written", "improvement-4"),
    "breaker_wired": _probe("circuit breaker fed by onclose", page__breaker="wired"),
    "manager": _as_written("unified manager", "improvement-5"),
    "http_sequencing": _as_written("HTTP before WebSocket", "improvement-6"),
    "stop_in_onclose": _as_written("limit checked in onclose", "client-change-3"),
    "diff_check": Fix("compare before setting state", ("page.diff_check=true",)),
    "timer_cleanup": Fix("clear the stored timer first", ("page.timer_cleanup=true",)),
    "connection_timeout": Fix("connect timeout of 5 s", ("page.connect_timeout_s=5",)),
    "later_send": _probe(
        "initial data 500 ms after accept",
        server__initial_data_s=0.5,
        server__initial_data_placement="after_accept",
    ),
    "owner_check": _probe("onclose ignores sockets it no longer owns", page__hook="fixed"),
    "defer": _probe("connect in a timeout that cleanup clears", page__hook="defer"),
    "ping_5s": _probe("ping every 5 s", page__ping_interval_s=5, server__answers_ping=True),
    "jitter": _probe("1 s of jitter on retries", page__jitter_s=1),
    "patient": _probe(
        "owner check, full jitter, retries without end",
        page__hook="repaired",
        page__jitter="full",
    ),
    "full_jitter": _probe("full jitter on retries", page__jitter="full"),
}

PHASES: Mapping[str, Fix] = {
    **{
        f"phase{step.number}": Fix(
            f"phase {step.number}: {step.title or 'as found'}",
            settings(phase(step.number)),
            proposed=step.number > 0,
        )
        for step in PLAN
    },
    "repaired": Fix("repaired", settings(phase(PLAN[-1].number, repaired=True)), proposed=False),
}


def settings_of(name: str) -> tuple[str, ...]:
    """The settings of a fix or of a phase; none for "".

    Raises:
        KeyError: if there is no such fix.
    """
    if not name:
        return ()
    return (PHASES if name in PHASES else FIXES)[name].settings


def title_of(name: str) -> str:
    """What people call it."""
    if not name:
        return "as found"
    return (PHASES if name in PHASES else FIXES)[name].title


def baseline_of(name: str) -> str:
    """What a fix is compared with: phase 0 for a phase, the application as found for the rest."""
    return "phase0" if name in PHASES else ""
