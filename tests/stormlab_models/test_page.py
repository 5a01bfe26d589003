"""React's life cycle of a component, the documents of a tab, and their timers."""

from collections.abc import Callable
from typing import Any

import pytest

from stormlab.clock import NS_PER_S
from stormlab.vocabulary import Event, State
from stormlab_models.page import App, Document, Tab
from stormlab_models.page_socket import Handlers, PageSocket, Target

MakeWire = Callable[..., Any]


class Diary:
    """A component that writes down what React does to it; ``born`` numbers the instances."""

    def __init__(self, document: Document, lines: list[str], born: int) -> None:
        self.document = document
        self.lines = lines
        self.born = born

    def effect(self) -> None:
        self.lines.append(f"effect {self.born}")
        self.document.set_timeout(0, lambda: self.lines.append(f"timeout {self.born}"))

    def cleanup(self) -> None:
        self.lines.append(f"cleanup {self.born}")


class Theatre:
    """A tab with a diary keeper, on a wire."""

    def __init__(self, wire: MakeWire, *, strict: bool = False) -> None:
        self.world = wire("chromium", auto=True)
        self.lines: list[str] = []
        self.born = 0
        self.tab = Tab(self.world.profile(), 0, App(self.make, strict=strict))

    def make(self, document: Document) -> Diary:
        self.born += 1
        return Diary(document, self.lines, self.born)

    def after(self, act: Callable[[], None], for_s: float = 2) -> list[str]:
        """Do something, let time pass, and tell what was written meanwhile."""
        self.lines.clear()
        act()
        self.world.run(for_s)
        return list(self.lines)

    def document(self) -> Document:
        assert self.tab.document is not None
        return self.tab.document

    def open(self) -> PageSocket:
        target = Target(self.world.path, "127.0.0.1", 8002, "/ws")
        return self.document().new_socket(0, target, Handlers())


@pytest.fixture
def theatre(wire: MakeWire) -> Callable[..., Theatre]:
    """Open a tab that shows nothing yet."""
    return lambda **how: Theatre(wire, **how)


def test_a_mount_is_one_effect(theatre: Callable[..., Theatre]) -> None:
    stage = theatre()
    assert stage.after(stage.tab.navigate) == ["effect 1", "timeout 1"]


def test_strict_mode_cleans_up_and_mounts_the_same_instance_again(
    theatre: Callable[..., Theatre],
) -> None:
    """No timeout fires between the two: React does it in one turn of the script."""
    stage = theatre(strict=True)
    assert stage.after(stage.tab.navigate) == [
        "effect 1",
        "cleanup 1",
        "effect 1",
        "timeout 1",
        "timeout 1",
    ]
    kinds = [row.detail for row in stage.world.trace if row.event is Event.MOUNT]
    assert kinds == ["first", "strict"]


def test_a_remount_is_a_fresh_instance_and_a_refresh_the_same(
    theatre: Callable[..., Theatre],
) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    assert stage.after(stage.tab.remount) == ["cleanup 1", "effect 2", "timeout 2"]
    assert stage.after(stage.tab.refresh) == ["cleanup 2", "effect 2", "timeout 2"]


def test_strict_mode_doubles_a_remount_too_and_never_an_unmount(
    theatre: Callable[..., Theatre],
) -> None:
    stage = theatre(strict=True)
    stage.after(stage.tab.navigate)
    again = ["cleanup 1", "effect 2", "cleanup 2", "effect 2"]
    assert stage.after(stage.tab.remount)[:4] == again
    assert stage.after(stage.tab.unmount) == ["cleanup 2"]
    assert stage.after(stage.tab.unmount) == []


def test_a_reload_shows_the_old_page_until_the_new_one_is_committed(
    theatre: Callable[..., Theatre],
) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    old = stage.document()
    socket = stage.open()
    stage.world.run(1)
    assert socket.state is State.OPEN
    lives = [old.alive]
    stage.tab.reload()
    lives.append(old.alive)
    assert stage.after(lambda: None) == ["effect 2", "timeout 2"]  # no cleanup: nobody runs it
    assert [*lives, old.alive] == [True, True, False]
    assert stage.document() is not old
    assert stage.world.ends[0].heard == ["request", "close 1001", "fin"]


def test_timers_die_with_their_document(theatre: Callable[..., Theatre]) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    document = stage.document()
    document.set_timeout(5 * NS_PER_S, lambda: stage.lines.append("late"))
    document.set_interval(NS_PER_S, lambda: stage.lines.append("tick"))
    assert document.timers_pending == 2
    assert stage.after(lambda: None, 2.5) == ["tick", "tick"]
    assert stage.after(stage.tab.close, 10) == []
    assert document.timers_pending == 0


def test_what_is_cleared_does_not_fire(theatre: Callable[..., Theatre]) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    document = stage.document()
    timeout = document.set_timeout(NS_PER_S, lambda: stage.lines.append("late"))
    interval = document.set_interval(NS_PER_S, lambda: stage.lines.append("tick"))
    document.clear(timeout)
    document.clear(interval)
    document.clear(None)
    assert stage.after(lambda: None, 5) == []
    assert document.timers_pending == 0


def test_an_interval_can_stop_itself(theatre: Callable[..., Theatre]) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)

    def tick() -> None:
        stage.lines.append("tick")
        interval.cancel()

    interval = stage.document().set_interval(NS_PER_S, tick)
    assert stage.after(lambda: None, 5) == ["tick"]


@pytest.mark.parametrize("what", ["remount", "unmount", "refresh"])
def test_nothing_is_done_to_a_page_that_is_gone(theatre: Callable[..., Theatre], what: str) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    stage.after(stage.tab.navigate_away)
    assert stage.after(getattr(stage.tab, what)) == []


def test_sockets_are_numbered_over_documents_and_attempts_within_one(
    theatre: Callable[..., Theatre],
) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    first, second = stage.open(), stage.open()
    stage.after(stage.tab.reload)
    third = stage.open()
    assert [s.who.socket for s in (first, second, third)] == [0, 1, 2]
    assert [s.who.attempt for s in (first, second, third)] == [1, 2, 1]


def test_a_cleanup_says_how_many_timers_it_left(theatre: Callable[..., Theatre]) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    stage.document().set_timeout(60 * NS_PER_S, lambda: None)
    stage.after(stage.tab.unmount)
    (cleanup,) = (row for row in stage.world.trace if row.event is Event.CLEANUP)
    assert (cleanup.code, cleanup.detail) == (1, "unmount")


def test_nothing_reaches_a_busy_page(theatre: Callable[..., Theatre]) -> None:
    stage = theatre()
    stage.after(stage.tab.navigate)
    socket = stage.open()
    stage.document().renderer.busy_until_ns = stage.world.clock.now_ns + 3 * NS_PER_S
    states = []
    for for_s in (2.9, 0.2):
        stage.world.run(for_s)
        states.append(socket.state)
    assert states == [State.CONNECTING, State.OPEN]
