"""What hosting refuses is caught as one kind of error."""

from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.engine import CodeError


def test_what_an_engine_refuses_is_a_refusal_of_hosting() -> None:
    assert issubclass(CodeError, HostError)
    assert str(HostError("one line")) == "one line"
