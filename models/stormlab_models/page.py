"""A tab, its documents, and React's life cycle of the component that owns the sockets.

A tab shows one document after another. A document has a renderer, timers and sockets; discarding
it ends them all without a word to the page. The application is a component with an effect and a
cleanup:

* mount: effect; in StrictMode (development builds) effect, cleanup, effect, sharing refs;
* remount (another key): cleanup of the old instance, then a fresh one with empty refs, and no
  second effect in production;
* Fast Refresh of a module that exports only components: cleanup and effect, refs kept; of one that
  exports a hook too: as a remount; of the entry module: a full reload;
* unmount: cleanup.

The old document of a reload lives until the new one is committed.

Sources: React 18.3 and 19 with Vite measured; effect order as in react.dev, StrictMode.

Simplifications: rendering costs no time; an effect runs in no time, so that all sockets of a mount
are created in one turn (measured: within 1 to 5 ms); after StrictMode's second effect the script
stays busy for a drawn time, in which no event reaches the page; background tabs are not throttled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from stormlab.clock import Rank, Timer
from stormlab.vocabulary import Event
from stormlab_models.browser import Profile, Renderer
from stormlab_models.machine import (
    COMMIT,
    COMMIT_REST,
    PAGE_RESTART,
    PAGE_START,
    STRICT_GAP,
    address,
)
from stormlab_models.network import Who
from stormlab_models.page_socket import Handlers, PageSocket, Target


class Document:
    """One loaded page: the script's world until it is discarded."""

    def __init__(self, tab: "Tab", generation: int) -> None:
        """Commit the document; its renderer is fresh."""
        self.tab = tab
        self.generation = generation
        self.clock = tab.profile.clock
        self.renderer = Renderer(tab.profile, tab.client, generation)
        self.sockets: list[PageSocket] = []
        self.alive = True
        self._timers: set[Timer] = set()
        self._attempts: dict[int, int] = {}

    def new_socket(self, endpoint: int, target: Target, handlers: Handlers) -> PageSocket:
        """``new WebSocket(url)`` to an endpoint."""
        self._attempts[endpoint] = self._attempts.get(endpoint, 0) + 1
        who = Who(self.tab.client, self.tab.next_socket(), endpoint, self._attempts[endpoint])
        socket = PageSocket(self.renderer, target, who, handlers)
        self.sockets.append(socket)
        return socket

    def set_timeout(self, delay_ns: int, act: Callable[[], None]) -> Timer:
        """``setTimeout``; the timer dies with the document."""

        def fire() -> None:
            self._timers.discard(timer)
            act()

        due_ns = max(self.clock.now_ns + delay_ns, self.renderer.busy_until_ns)
        timer = self.clock.at(due_ns, Rank.TIMER, fire, client=self.tab.client)
        self._timers.add(timer)
        return timer

    def set_interval(self, every_ns: int, act: Callable[[], None]) -> "Interval":
        """``setInterval``."""
        return Interval(self, every_ns, act)

    def clear(self, timer: "Timer | Interval | None") -> None:
        """``clearTimeout`` or ``clearInterval``; None is allowed, as in JavaScript."""
        if timer is not None:
            timer.cancel()
            if isinstance(timer, Timer):
                self._timers.discard(timer)

    @property
    def timers_pending(self) -> int:
        """How many timeouts and intervals are still to fire."""
        return sum(timer.pending for timer in self._timers)

    def discard(self) -> None:
        """The document goes away, and with it its sockets and timers."""
        if not self.alive:
            return
        self.alive = False
        self.record(Event.GONE, code=len(self.sockets))
        for timer in self._timers:
            timer.cancel()
        for socket in self.sockets:
            socket.discard()

    def record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  Recorder.add's
        """Record an event of the page."""
        self.tab.profile.recorder.add(self.clock.now_ns, event, client=self.tab.client, **columns)


class Interval:
    """A repeating timer."""

    def __init__(self, document: Document, every_ns: int, act: Callable[[], None]) -> None:
        """Start it."""
        self._document = document
        self._every_ns = every_ns
        self._act = act
        self._timer: Timer | None = document.set_timeout(every_ns, self._fire)

    def cancel(self) -> None:
        """Stop it."""
        self._document.clear(self._timer)
        self._timer = None

    def _fire(self) -> None:
        self._timer = self._document.set_timeout(self._every_ns, self._fire)
        self._act()


class Component(Protocol):
    """The application's component: what its effect does, and its cleanup."""

    def effect(self) -> None:
        """Run the effect."""

    def cleanup(self) -> None:
        """Undo it."""


@dataclass
class App:
    """How a tab's pages are built: the component, and whether StrictMode applies."""

    make_component: Callable[[Document], Component]
    strict: bool = False


class Tab:
    """One tab: what it shows, and what a person or a dev server does to it."""

    def __init__(self, profile: Profile, client: int, app: App) -> None:
        """Open a tab that shows nothing yet."""
        self.profile = profile
        self.client = client
        self.document: Document | None = None
        self.component: Component | None = None
        self.on_ready: Callable[[Tab], None] | None = None
        self._app = app
        self._documents = 0
        self._sockets = 0
        self._clock = profile.clock
        self._machine = profile.machine

    def next_socket(self) -> int:
        """Number the tab's sockets over all its documents."""
        self._sockets += 1
        return self._sockets - 1

    def navigate(self) -> None:
        """Load the page."""
        self.record(Event.NAVIGATE)
        delay_ns = self._machine.delay_ns(PAGE_START, address(self.client), self._documents)
        self._after(delay_ns, self._commit)

    def reload(self) -> None:
        """Load it again; the old document lives until the new one is committed."""
        self.record(Event.NAVIGATE, detail="reload")
        who = address(self.client)
        commit_ns = self._machine.delay_ns(COMMIT, who, self._documents)
        start_ns = self._machine.delay_ns(PAGE_RESTART, who, self._documents)
        self._after(commit_ns, self.close)
        self._after(commit_ns + start_ns, self._commit)

    def navigate_away(self) -> None:
        """Go to a blank page."""
        self.record(Event.NAVIGATE, detail="away")
        commit_ns = self._machine.delay_ns(COMMIT, address(self.client), self._documents)
        self._after(commit_ns, self.close)

    def close(self) -> None:
        """Discard what is shown, and the component with it."""
        if self.document is not None:
            self.document.discard()
        self.component = None

    def remount(self) -> None:
        """Give the component a new key: cleanup, and a fresh instance in the same commit."""
        self._cleanup("remount")
        self._mount("remount")

    def unmount(self) -> None:
        """Take the component out; the page stays."""
        self._cleanup("unmount")
        self.component = None

    def refresh(self) -> None:
        """Fast Refresh that keeps refs: cleanup and effect of the same instance."""
        self._cleanup("refresh")
        self._effect("refresh")

    def _commit(self) -> None:
        self.close()
        self.document = Document(self, self._documents)
        self._documents += 1
        self.record(Event.READY, code=self._documents)
        self._mount("first")
        if self.on_ready is not None:
            self.on_ready(self)

    def _mount(self, kind: str) -> None:
        document = self.document
        if document is None or not document.alive:
            return
        self.component = self._app.make_component(document)
        gap_ns = 0
        if self._app.strict:
            gap_ns = self._machine.delay_ns(STRICT_GAP, address(self.client), self._documents)
            self._busy(document, gap_ns)
        self._effect(kind)
        if self._app.strict:
            self._after(gap_ns, lambda: self._strict(document))

    def _strict(self, document: Document) -> None:
        if not document.alive:
            return
        rest_ns = self._machine.delay_ns(COMMIT_REST, address(self.client), self._documents)
        self._busy(document, rest_ns)
        self._cleanup("strict")
        self._effect("strict")

    def _busy(self, document: Document, for_ns: int) -> None:
        document.renderer.busy_until_ns = self._clock.now_ns + for_ns

    def _effect(self, kind: str) -> None:
        if self.component is not None:
            self.record(Event.MOUNT, detail=kind)
            self.component.effect()

    def _cleanup(self, kind: str) -> None:
        if self.component is not None:
            self.component.cleanup()
            pending = self.document.timers_pending if self.document is not None else 0
            self.record(Event.CLEANUP, detail=kind, code=pending)

    def _after(self, delay_ns: int, act: Callable[[], None]) -> None:
        self._clock.after(delay_ns, Rank.BROWSER, act, client=self.client)

    def record(self, event: Event, **columns: Any) -> None:  # noqa: ANN401  Recorder.add's
        """Record an event of the tab."""
        self.profile.recorder.add(self._clock.now_ns, event, client=self.client, **columns)
