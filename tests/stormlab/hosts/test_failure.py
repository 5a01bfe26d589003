from stormlab.hosts.failure import HostError
from stormlab.hosts.javascript.engine import CodeError


def test_code_that_fails_is_a_failure_of_hosting() -> None:
    """Who catches the one catches the other; both are one line."""
    assert issubclass(CodeError, HostError)
    assert str(CodeError("an endless loop")) == "an endless loop"
