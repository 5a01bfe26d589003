from stormlab.hosts.wire import SilentPeer


class Called:
    """A caller that keeps what was said of it."""

    def __init__(self) -> None:
        self.proofs = 0

    def proved(self) -> None:
        self.proofs += 1


def test_a_silent_peer_takes_the_first_subprotocol() -> None:
    assert SilentPeer().protocol(("graphql-transport-ws", "graphql-ws")) == "graphql-transport-ws"
    assert SilentPeer().protocol(()) == ""


def test_a_silent_peer_counts_as_proved_once_it_is_open() -> None:
    caller = Called()
    SilentPeer().opened(caller)  # type: ignore[arg-type]
    assert caller.proofs == 1
