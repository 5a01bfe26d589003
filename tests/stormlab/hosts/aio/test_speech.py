from stormlab.hosts.aio.speech import ClientSpeech, ServerSpeech


class Talk:
    """Both sides, and what they were told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        say = self.told.append
        self.server = ServerSpeech(
            lambda url, offered: say(("requested", url, offered)),
            lambda data: say(("server", data)),
            lambda: say("server closing"),
        )
        self.client = ClientSpeech(
            "wss://server.example/x?y=1",
            ("a", "b"),
            lambda protocol: say(("opened", protocol)),
            lambda status: say(("refused", status)),
            lambda data: say(("client", data)),
            lambda: say("client closing"),
        )

    def opened(self) -> "Talk":
        assert self.server.receive(self.client.request()) == b""
        assert self.client.receive(self.server.accept("b", [("X-One", "1")])) == b""
        return self


def test_a_conversation() -> None:
    talk = Talk().opened()
    talk.server.receive(talk.client.send("hi"))
    talk.client.receive(talk.server.send(b"ho"))
    answer = talk.server.receive(talk.client.close(4000, "bye"))
    assert (talk.server.code, talk.server.reason, talk.server.clean) == (4000, "bye", True)
    assert talk.client.receive(answer) == b""
    assert (talk.client.code, talk.client.clean) == (4000, True)
    assert talk.told == [
        ("requested", "/x?y=1", ("a", "b")),
        ("opened", "b"),
        ("server", "hi"),
        ("client", b"ho"),
        "server closing",
        "client closing",
    ]


def test_bytes_may_come_one_by_one() -> None:
    talk = Talk().opened()
    for byte in talk.client.send("héllo " * 100):
        talk.server.receive(bytes([byte]))
    assert talk.told[-1] == ("server", "héllo " * 100)


def test_no_subprotocol() -> None:
    talk = Talk()
    talk.server.receive(talk.client.request())
    talk.client.receive(talk.server.accept())
    assert talk.told[-1] == ("opened", "")


def test_a_refusal() -> None:
    talk = Talk()
    talk.server.receive(talk.client.request())
    answer = talk.server.reject(403, "no")
    assert b"Date" not in answer  # of the machine
    talk.client.receive(answer)
    talk.client.ended()
    assert talk.told[1:] == [("refused", 403)]
    assert talk.client.send("x") == talk.client.close() == b""
    assert (talk.client.code, talk.client.clean) == (1006, False)


def test_a_close_frame_without_a_code() -> None:
    talk = Talk().opened()
    talk.client.receive(talk.server.close())
    assert talk.client.code == 1005


def test_a_ping_is_answered() -> None:
    talk = Talk().opened()
    assert talk.client.receive(b"\x89\x02hi")[0] == 0x8A  # a pong
