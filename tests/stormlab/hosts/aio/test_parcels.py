from stormlab.hosts.aio.parcels import ClientSide, Load, Parcel, ServerSide


class Talk:
    """Both sides, and what they were told."""

    def __init__(self) -> None:
        self.told: list[object] = []
        say = self.told.append
        self.server = ServerSide(
            lambda url, offered: say(("requested", url, offered)),
            lambda data: say(("server", data)),
            lambda: say("server closing"),
        )
        self.client = ClientSide(
            "/x",
            ("a", "b"),
            lambda protocol: say(("opened", protocol)),
            lambda status: say(("refused", status)),
            lambda data: say(("client", data)),
            lambda: say("client closing"),
        )

    def up(self, load: Load) -> Load:
        return self.server.receive(load)

    def down(self, load: Load) -> Load:
        return self.client.receive(load)


def test_a_conversation() -> None:
    talk = Talk()
    talk.up(talk.client.request())
    talk.down(talk.server.accept("b"))
    talk.up(talk.client.send("hi"))
    talk.down(talk.server.send(b"ho"))
    answer = talk.up(talk.client.close(4000, "bye"))
    assert (talk.server.code, talk.server.reason, talk.server.clean) == (4000, "bye", True)
    assert talk.down(answer) == ()
    assert (talk.client.code, talk.client.clean) == (4000, True)
    assert talk.told == [
        ("requested", "/x", ("a", "b")),
        ("opened", "b"),
        ("server", "hi"),
        ("client", b"ho"),
        "server closing",
        "client closing",
    ]


def test_a_refusal() -> None:
    talk = Talk()
    talk.up(talk.client.request())
    talk.down(talk.server.reject(403))
    assert talk.told[1:] == [("refused", 403)]
    assert talk.client.send("x") == talk.client.close() == ()
    assert talk.client.code == 1006


def test_both_may_begin_to_close() -> None:
    talk = Talk()
    talk.up(talk.client.request())
    talk.down(talk.server.accept())
    from_client, from_server = talk.client.close(1000), talk.server.close(1012)
    assert talk.up(from_client) == talk.down(from_server) == ()
    assert (talk.client.code, talk.server.code) == (1012, 1000)


def test_nothing_is_heard_behind_a_close_frame() -> None:
    talk = Talk()
    talk.up(talk.client.request())
    talk.down(talk.server.accept())
    talk.up((Parcel("close", "", 1000), Parcel("message", "late")))
    assert ("server", "late") not in talk.told
    talk.client.ended()
    assert not talk.client.is_open
