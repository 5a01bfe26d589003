"""What an application is told."""

import pytest

from stormlab_models.asgi import Disconnected, Message


def test_a_message_is_a_value() -> None:
    assert Message("ping", 6, 5) == Message("ping", 6, 5)
    assert Message("ping") != Message("pong")
    with pytest.raises(AttributeError):
        Message("ping").size = 3  # type: ignore[misc]


@pytest.mark.parametrize("sending", [True, False])
def test_a_disconnect_says_its_code_and_who_noticed(
    sending: bool,  # noqa: FBT001  a parameter of the test
) -> None:
    gone = Disconnected(1001, sending=sending)
    assert (gone.code, gone.sending, str(gone)) == (1001, sending, "1001")
