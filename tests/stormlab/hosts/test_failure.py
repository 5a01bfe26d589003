import pytest

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.engine import CodeError

ENDLESS = "one event took more than 2 s: an endless loop"


def test_whoever_hosts_catches_one_kind() -> None:
    with pytest.raises(HostError, match=ENDLESS):
        raise CodeError(ENDLESS)
