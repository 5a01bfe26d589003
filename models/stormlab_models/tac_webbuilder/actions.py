"""A scenario's actions and its observation window, put on the clock.

``after_first_socket_s`` counts in the page itself, from its first ``new WebSocket``; a repeated
reload counts anew in each new page. ``at_s`` counts on a named clock. With several tabs an action
on a clock goes to all of them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stormlab.clock import NS_PER_MS, Rank, to_ns
from stormlab.vocabulary import Event
from stormlab_models.page import Tab
from stormlab_models.tac_webbuilder.bare import BarePage
from stormlab_models.tac_webbuilder.hooks import EffectHook
from stormlab_models.tac_webbuilder.parameters import Action

if TYPE_CHECKING:
    from stormlab_models.tac_webbuilder.model import Site

LOOK_MS = 100  # the measurements looked for a page's first socket this often


class Actions:
    """Everything that is done to the site from outside."""

    def __init__(self, site: "Site") -> None:
        """Remember the site."""
        self._site = site
        self._documents: dict[int, int] = {}
        self._observing = False

    def schedule(self) -> None:
        """Put actions and window on the clock."""
        site = self._site
        for action in site.parameters.actions:
            if action.after_first_socket_s is not None:
                for tab in site.tabs:
                    self._in_page(action, tab, to_ns(action.after_first_socket_s))
            else:
                self._on_clock(action, to_ns(action.at_s or 0))
        if site.parameters.observe is not None:
            self._schedule_window()

    # actions ----------------------------------------------------------------------------------

    def _in_page(self, action: Action, tab: Tab, delay_ns: int) -> None:
        left = action.times
        site = self._site

        def ready(_tab: Tab) -> None:
            nonlocal left
            turns = 1 if action.do == "reload" else left
            for turn in range(min(turns, left)):
                left -= 1
                wait_ns = delay_ns + turn * to_ns(action.every_s or 0)
                site.clock.after(
                    wait_ns, Rank.ACTION, lambda: self._do(action, tab), client=tab.client
                )

        site.on_ready(tab.client, ready)

    def _on_clock(self, action: Action, at_ns: int) -> None:
        site = self._site
        start_ns = self._clock_ns(action.since)
        tabs: list[Tab | None] = [*site.tabs] or [None]
        for turn in range(action.times):
            time_ns = start_ns + at_ns + turn * to_ns(action.every_s or 0)
            for tab in tabs:
                client = tab.client if tab else 0
                if action.do == "block_server" and client:
                    continue

                def act(tab: Tab | None = tab) -> None:
                    self._do(action, tab)

                site.clock.at(time_ns, Rank.ACTION, act, client=client)

    def _clock_ns(self, name: str) -> int:
        return self._site.all_tabs_open_ns if name == "all_tabs_open" else 0

    def _do(self, action: Action, tab: Tab | None) -> None:
        site = self._site
        client = tab.client if tab else -1
        site.world.recorder.add(site.clock.now_ns, Event.ACTION, client=client, detail=action.do)
        if action.do == "block_server":
            site.servers[0].block(to_ns(action.for_s))
            return
        if tab is None:
            return
        acts: dict[str, Callable[[], None]] = {
            "reload": tab.reload,
            "navigate_away": tab.navigate_away,
            "remount": tab.remount,
            "unmount": tab.unmount,
            "edit_entry": tab.reload,
            "edit_module": tab.remount
            if action.module_exports == "component_and_hook"
            else tab.refresh,
        }
        component = tab.component
        if action.do in acts:
            acts[action.do]()
        elif isinstance(component, BarePage):
            component.act(action)
        elif isinstance(component, EffectHook) and action.do.startswith("retry"):
            component.retry_by_hand()

    # observation ------------------------------------------------------------------------------

    def _schedule_window(self) -> None:
        site = self._site
        observe = site.parameters.observe
        if observe is None:
            return
        length_ns = to_ns(observe.for_s)
        if observe.since in {"first_tab", "all_tabs_open"}:
            site.observe(self._clock_ns(observe.since), length_ns)
        elif observe.since == "all_sockets_open" and site.bare is not None:
            site.bare.on_all_done = lambda: site.observe(site.clock.now_ns + to_ns(3), length_ns)
        elif observe.since == "navigation_away":
            self._window_after_leaving(length_ns)
        else:
            self._window_from_first_socket(length_ns)

    def _window_from_first_socket(self, length_ns: int) -> None:
        """From the first socket of the last page, seen by looking now and then."""
        site = self._site
        pages = 1 + sum(a.times for a in site.parameters.actions if a.do == "reload")
        seen = 0

        def ready(tab: Tab) -> None:
            nonlocal seen
            seen += 1
            if seen == pages:
                late_ms = site.world.draws.integer(0, LOOK_MS, tab.client, "look")
                site.observe(site.clock.now_ns + late_ms * NS_PER_MS, length_ns)

        site.on_ready(0, ready)

    def _window_after_leaving(self, length_ns: int) -> None:
        site = self._site
        for action in site.parameters.actions:
            if action.do == "navigate_away" and action.after_first_socket_s is not None:
                wait_ns = to_ns(action.after_first_socket_s) + LOOK_MS * NS_PER_MS

                def ready(_tab: Tab, wait_ns: int = wait_ns) -> None:
                    site.observe(site.clock.now_ns + wait_ns, length_ns)

                site.on_ready(0, ready)
