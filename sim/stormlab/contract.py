"""A policy's tests for pytest: subclass, name the policy, and there is one test per promise.

```python
from stormlab.contract import ReconnectContract


class TestOurs(ReconnectContract):
    policy = Ours
    expected_to_fail = {"first-retry-is-spread": "the gateway spreads us, see OPS-12"}
```

The tests are called after the promises (``test_converges``, ``test_jitter_survives_the_cap``). The
first one that runs checks them all, and they share what came of it. A promise that does not apply
(a breaker's, to a policy without one) is skipped with its reason. A promise that is expected to
fail is a strict xfail: when it holds, the test fails, so that the excuse goes away with the fault.

Nothing here is a plugin: pytest is imported when such a class is made, by whoever makes one.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from stormlab.check import (
    Budget,
    CheckError,
    Judged,
    PromiseBrokenError,
    PromiseUndecidedError,
    Verdict,
    check_policy,
)
from stormlab.check.budget import budget_of
from stormlab.check.client import client_of
from stormlab.check.see import kind_of, promises_for
from stormlab.evidence import Outcome
from stormlab.hosts.recipe import Declares, Recipe
from stormlab.hosts.wire import Peer
from stormlab.policy.reconnect import Reconnect
from stormlab.properties.promises import Promise

REPLAYS = "stormlab-replays"
Test = Callable[["ReconnectContract"], None]


class ReconnectContract:
    """Tests of one policy, one for each promise that such a policy can be held to.

    ``policy``: what :func:`stormlab.check.check_policy` takes. ``budget``, ``seed``: as there.
    ``promises``: only these, by name. ``expected_to_fail``: promise to reason. ``replays``: the
    folder for counterexamples and, at the budget ``nightly``, for this policy's own database of
    examples; None: nothing is written.
    """

    policy: ClassVar[Any] = None
    budget: ClassVar[str | Budget] = "dev"
    seed: ClassVar[int] = 0
    promises: ClassVar[tuple[str, ...] | None] = None
    expected_to_fail: ClassVar[Mapping[str, str]] = {}
    replays: ClassVar[str | None] = REPLAYS

    _came_of_it: ClassVar[Verdict | CheckError | None] = None
    _label: ClassVar[str | None] = None

    def __init_subclass__(cls, **arguments: Any) -> None:  # noqa: ANN401  handed on
        """Give this class tests of its own: inherited ones would share one function, and clash.

        Raises:
            CheckError: ``promises`` or ``expected_to_fail`` name what is no promise to test.
            ValueError: there is no such budget.
        """
        super().__init_subclass__(**arguments)
        cls._came_of_it = None
        if cls.policy is None:
            return
        budget_of(cls.budget)
        wanted = promises_for(cls.__name__, cls.promises, kind_of(cls.policy))
        for name in set(cls.expected_to_fail) - {promise.name for promise in wanted}:
            msg = f"{cls.__name__}.expected_to_fail: '{name}' is no promise that is tested here"
            raise CheckError(msg)
        for promise in wanted:
            test = _test(promise)
            test.__module__, test.__qualname__ = (
                cls.__module__,
                f"{cls.__qualname__}.{test.__name__}",
            )
            setattr(cls, test.__name__, _excused(test, cls.expected_to_fail.get(promise.name)))

    @classmethod
    def verdict(cls) -> Verdict:
        """What came of the check; it is made once for a class.

        Raises:
            CheckError: the policy cannot be checked; said again by each test.
        """
        if cls._came_of_it is None:
            try:
                cls._came_of_it = check_policy(
                    cls.policy,
                    name=cls.__name__ if isinstance(cls.policy, Reconnect) else cls._label,
                    promises=cls.promises,
                    budget=cls.budget,
                    seed=cls.seed,
                    folder=cls.replays,
                )
            except CheckError as error:
                cls._came_of_it = error
        if isinstance(cls._came_of_it, CheckError):
            raise cls._came_of_it
        return cls._came_of_it


class ClientContract(ReconnectContract):
    """Tests of real client code, one for each promise that code can be held to.

    ```python
    class TestOurClient(ClientContract):
        client = "web/src/socket.ts"
        declares = Declares(gives_up=True, attempts_max=10)
    ```

    ``client``, ``start``, ``peer``, ``declares``: as :func:`stormlab.check.check_client` takes
    them; the rest is as in :class:`ReconnectContract`.
    """

    client: ClassVar[str | Path | Recipe | None] = None
    start: ClassVar[str | None] = None
    peer: ClassVar[Callable[[], Peer] | None] = None
    declares: ClassVar[Declares | None] = None

    def __init_subclass__(cls, **arguments: Any) -> None:  # noqa: ANN401  handed on
        """Make the client the policy under test."""
        if cls.client is not None:
            peer = cls.__dict__.get("peer", cls.peer)
            cls.policy = client_of(cls.client, start=cls.start, peer=peer, declares=cls.declares)
            cls._label = cls.client.name if isinstance(cls.client, Recipe) else str(cls.client)
        super().__init_subclass__(**arguments)


def _test(promise: Promise) -> Test:
    """A function that is nobody else's."""

    def test(self: ReconnectContract) -> None:
        __tracebackhide__ = True  # what broke is in the message, not in this function
        judged = type(self).verdict()[promise.name]
        if judged.outcome is Outcome.BROKEN:
            raise PromiseBrokenError("\n".join(judged.lines))
        if judged.outcome is Outcome.UNDECIDED:
            _undecided(judged)

    test.__name__ = "test_" + promise.name.replace("-", "_")
    test.__doc__ = promise.statement
    return test


def _undecided(judged: Judged) -> None:
    import pytest  # noqa: PLC0415  only who runs tests has it

    if judged.unseen:
        raise PromiseUndecidedError(f"{judged.name}: {judged.reason}")
    pytest.skip(judged.reason)


def _excused(test: Test, reason: str | None) -> Test:
    if reason is None:
        return test
    import pytest  # noqa: PLC0415  as above

    marked: Test = pytest.mark.xfail(reason=reason, strict=True, raises=PromiseBrokenError)(test)
    return marked
