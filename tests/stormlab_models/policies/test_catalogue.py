"""Every entry of the catalogue: it works, names its source, and its support holds."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from stormlab.policy import Reconnect
from stormlab.policy.catalogue import catalogue, find_policy
from stormlab.properties import PROMISES
from stormlab_models.policies import CATALOGUE

ATTEMPTS = 8
CLIENTS = 150
ENTRIES = pytest.mark.parametrize("name", CATALOGUE)
# How many refusals in a row these take, for another reason than their limit of attempts.
LAST = {
    "graphql-ws": 0,  # a handshake that failed is final
    "@jupyterlab/services": 120,  # its limit counts sockets that failed while HTTP was answered
    "robust-websocket": 2,  # the third is the one after a drop
    "grpc-retry-throttling": 5,  # then half of its tokens are gone, and nothing refills them
    "realtime-py": 4,  # the fifth is the one after a drop
    "pysignalr": 0,  # TCP that refuses its first negotiation is final
}
RARE_ENDS = {"autobahn"}  # a normal distribution, which ends at five standard deviations
PARTS = [name for name, entry in CATALOGUE.items() if entry.reconnect is not None]

Drawn = Callable[..., NDArray[np.int64]]


def test_the_installed_catalogue_has_them_all() -> None:
    assert set(CATALOGUE) <= set(catalogue())
    assert all(entry.name == name for name, entry in CATALOGUE.items())


@ENTRIES
def test_a_remark_is_of_a_promise_and_says_whose_doing_it_is(name: str) -> None:
    for promise, remark in CATALOGUE[name].remarks.items():
        assert promise in PROMISES
        assert re.fullmatch(r"(by design|as wired here): .*[^.]", remark)


def test_names_differ_by_more_than_case_and_hold_nothing_that_a_setting_needs() -> None:
    assert len({name.lower() for name in CATALOGUE}) == len(CATALOGUE)
    for name in CATALOGUE:
        assert re.fullmatch(r"@?[a-z0-9][a-z0-9./-]*", name), name


@ENTRIES
def test_an_entry_says_what_it_is_and_where_it_was_read(name: str) -> None:
    entry = CATALOGUE[name]
    for text in (entry.version, entry.source, entry.formula, entry.reset, entry.close_codes):
        assert text, entry
        assert text == text.strip()


@ENTRIES
def test_an_entry_is_found_by_name_and_by_version(name: str) -> None:
    entry = CATALOGUE[name]
    found = find_policy(entry.label)
    assert found.entry is entry
    assert found.digest == find_policy(name).digest
    assert found.make() is not found.make()


@ENTRIES
def test_delays_lie_in_the_support_and_end_where_it_does(name: str, drawn: Drawn) -> None:
    entry = CATALOGUE[name]
    delays_ns = drawn(name, ATTEMPTS, clients=CLIENTS)
    if all(entry.supports(n) is None for n in range(ATTEMPTS)):
        pytest.skip("it gives no support, or never retries")
    for n in range(ATTEMPTS):
        support = entry.supports(n)
        if support is None:
            continue
        for delay_ns in delays_ns[:, n].tolist():
            assert delay_ns == -1 or support.contains(delay_ns), (n, delay_ns, support.text)


@ENTRIES
def test_delays_come_near_to_the_ends_of_the_support(name: str, drawn: Drawn) -> None:
    """Of 400 clients some are within a tenth of the range of either end."""
    support = CATALOGUE[name].supports(0)
    if support is None or name in RARE_ENDS:
        pytest.skip("no support, or ends that are hardly ever met")
    delays_ns = drawn(name, 1, clients=400)[:, 0]
    if LAST.get(name) == 0 and delays_ns.max() < 0:
        pytest.skip("its first refusal is final")
    near_ns = (support.high_ns - support.low_ns) / 10
    assert delays_ns.min() <= support.low_ns + near_ns
    assert delays_ns.max() >= support.high_ns - near_ns


@ENTRIES
def test_the_limit_of_attempts_is_where_it_stops(
    name: str, walk: Callable[..., list[float]]
) -> None:
    parts = CATALOGUE[name].reconnect
    if parts is not None and parts.give_up_after_s is not None:
        pytest.skip("time may end it before")
    limit = CATALOGUE[name].attempts_max
    expected = LAST.get(name, 120 if limit is None else limit)
    assert len(walk(name, 120)) == expected


@pytest.mark.parametrize("name", PARTS)
def test_an_entry_of_parts_is_a_table_that_makes_it_again(name: str) -> None:
    entry = CATALOGUE[name]
    table = entry.table
    assert table is not None
    again = find_policy(table.document)
    assert again.table is not None
    assert again.table.reconnect == entry.make
    assert isinstance(again.table.reconnect, Reconnect)


@ENTRIES
def test_after_a_long_connection_the_first_delay_is_as_the_entry_says(
    name: str, walk: Callable[..., list[float]]
) -> None:
    expected = CATALOGUE[name].first_after_drop
    if expected is None and CATALOGUE[name].attempts_max != 0:
        pytest.skip("it does not say")
    for client in range(40):
        first = walk(name, 1, client=client, dropped_first=True)
        if expected is None:
            assert not first
        else:
            assert first, "it gives up after a drop"
            assert expected.contains(round(first[0] * 1e9)), (first[0], expected.text)
