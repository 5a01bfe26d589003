"""Servers of the protocols that client libraries speak, as far as reconnecting depends on them.

Each answers what a client waits for before it counts a connection as good, and keeps it alive as
the protocol's own server does by default. Simplifications: no authentication can fail, nobody is
subscribed to anything that sends data, and answers take no time at the server.
"""

import json

from stormlab.hosts.wire import Caller, Data, SilentPeer

END = "\x1e"  # of a SignalR message


class SocketIo(SilentPeer):
    """Engine.IO 4 and Socket.IO 5 (npm engine.io@6.6.12:build/socket.js, build/server.js)."""

    PING_S, TIMEOUT_S = 25.0, 20.0

    def __init__(self) -> None:
        """Nobody has answered a ping yet."""
        self._answered: set[int] = set()

    def opened(self, caller: Caller) -> None:
        """Send the handshake packet, then pings."""
        hello = {
            "sid": f"engine-{caller.number}",
            "upgrades": [],
            "pingInterval": round(self.PING_S * 1000),
            "pingTimeout": round(self.TIMEOUT_S * 1000),
            "maxPayload": 1_000_000,
        }
        caller.send("0" + json.dumps(hello))
        caller.later(self.PING_S, lambda: self._ping(caller))

    def _ping(self, caller: Caller) -> None:
        self._answered.discard(caller.number)
        caller.send("2")

        def late() -> None:
            if caller.number not in self._answered:
                caller.close()

        caller.later(self.TIMEOUT_S, late)

    def message(self, caller: Caller, data: Data) -> None:
        """Answer CONNECT; a PONG brings the next ping."""
        if data == "3":
            self._answered.add(caller.number)
            caller.later(self.PING_S, lambda: self._ping(caller))
        elif isinstance(data, str) and data.startswith("40"):
            caller.send("40" + json.dumps({"sid": f"socket-{caller.number}"}))
            caller.proved()


class Phoenix(SilentPeer):
    """Phoenix channels, serializer 2.0.0 (npm phoenix@1.8.16:assets/js/phoenix/serializer.js).

    A connection is proved by its first reply, to a join or a heartbeat.
    """

    def opened(self, caller: Caller) -> None:
        """The server says nothing of itself."""

    def message(self, caller: Caller, data: Data) -> None:
        """Reply ok to everything."""
        join_ref, ref, topic, _event, _payload = json.loads(data)
        reply = {"status": "ok", "response": {}}
        caller.send(json.dumps([join_ref, ref, topic, "phx_reply", reply]))
        caller.proved()


class GraphQl(SilentPeer):
    """graphql-transport-ws (npm graphql-ws@6.4.2:PROTOCOL.md). Subscriptions stay open."""

    def opened(self, caller: Caller) -> None:
        """Wait for connection_init."""

    def message(self, caller: Caller, data: Data) -> None:
        """Acknowledge the connection, answer pings."""
        kind = json.loads(data)["type"]
        if kind == "connection_init":
            caller.send(json.dumps({"type": "connection_ack"}))
            caller.proved()
        elif kind == "ping":
            caller.send(json.dumps({"type": "pong"}))


class SignalR(SilentPeer):
    """SignalR's JSON hub protocol (npm @microsoft/signalr@10.0.11:src/HandshakeProtocol.ts)."""

    PING_S = 15.0

    def opened(self, caller: Caller) -> None:
        """Wait for the handshake."""

    def message(self, caller: Caller, data: Data) -> None:
        """Answer the handshake, then ping."""
        for part in str(data).split(END):
            if part and "protocol" in json.loads(part):
                caller.send("{}" + END)
                caller.proved()
                caller.later(self.PING_S, lambda: self._ping(caller))

    def _ping(self, caller: Caller) -> None:
        caller.send(json.dumps({"type": 6}) + END)
        caller.later(self.PING_S, lambda: self._ping(caller))


class Centrifugo(SilentPeer):
    """Centrifugo's JSON protocol (npm centrifuge@5.8.0:build/codes.js, build/index.js).

    What Centrifugo itself closes with has a reason (its documentation, "Client protocol codes").
    """

    PING_S, CODE_MIN = 25.0, 3000

    def reason(self, code: int) -> str:
        """A reason where the application closes."""
        return "disconnect" if code >= self.CODE_MIN else ""

    def opened(self, caller: Caller) -> None:
        """Wait for connect."""

    def message(self, caller: Caller, data: Data) -> None:
        """Answer connect and subscribe; an empty object is the answer to a ping."""
        for line in str(data).splitlines():
            command = json.loads(line)
            if "connect" in command:
                result = {"client": f"client-{caller.number}", "version": "6", "ping": 25}
                answer = {"id": command["id"], "connect": {**result, "pong": True}}
                caller.send(json.dumps(answer))
                caller.proved()
                caller.later(self.PING_S, lambda: self._ping(caller))
            elif "subscribe" in command:
                caller.send(json.dumps({"id": command["id"], "subscribe": {}}))

    def _ping(self, caller: Caller) -> None:
        caller.send("{}")
        caller.later(self.PING_S, lambda: self._ping(caller))


class HomeAssistant(SilentPeer):
    """Home Assistant's API (npm home-assistant-js-websocket@9.7.0:dist/socket.js, messages.js)."""

    def opened(self, caller: Caller) -> None:
        """Ask who it is."""
        caller.send(json.dumps({"type": "auth_required", "ha_version": "2024.1.0"}))

    def message(self, caller: Caller, data: Data) -> None:
        """Let everybody in, answer commands and pings."""
        command = json.loads(data)
        if command["type"] == "auth":
            caller.send(json.dumps({"type": "auth_ok", "ha_version": "2024.1.0"}))
            caller.proved()
        elif command["type"] == "ping":
            caller.send(json.dumps({"id": command["id"], "type": "pong"}))
        else:
            answer = {"id": command["id"], "type": "result", "success": True, "result": None}
            caller.send(json.dumps(answer))


class ActionCable(SilentPeer):
    """Action Cable (rails actioncable@8.1:lib/action_cable/connection/base.rb, heartbeat 3 s)."""

    PING_S = 3.0

    def opened(self, caller: Caller) -> None:
        """Welcome it, then ping."""
        caller.send(json.dumps({"type": "welcome"}))
        caller.proved()
        caller.later(self.PING_S, lambda: self._ping(caller))

    def _ping(self, caller: Caller) -> None:
        caller.send(json.dumps({"type": "ping", "message": 0}))
        caller.later(self.PING_S, lambda: self._ping(caller))

    def message(self, caller: Caller, data: Data) -> None:
        """Confirm subscriptions."""
        command = json.loads(data)
        if command.get("command") == "subscribe":
            answer = {"type": "confirm_subscription", "identifier": command["identifier"]}
            caller.send(json.dumps(answer))


class Yjs(SilentPeer):
    """The y-protocols sync protocol with an empty document (npm y-protocols@1.0.7:sync.js).

    Awareness messages go back to all of a room, their sender included, as y-websocket's server
    does; a client counts on that to know that it is heard.
    """

    SYNC, AWARENESS, STEP_1, STEP_2 = 0, 1, 0, 1
    EMPTY = bytes([0, 0])  # an update with no structs and no deletions
    NOTHING = bytes([0])  # a state vector of an empty document

    def opened(self, caller: Caller) -> None:
        """Ask for what the client has."""
        caller.send(bytes([self.SYNC, self.STEP_1, len(self.NOTHING)]) + self.NOTHING)

    def message(self, caller: Caller, data: Data) -> None:
        """Answer the first step of a synchronisation, and hand awareness back."""
        if isinstance(data, str):
            return
        if data[0] == self.AWARENESS:
            caller.send(data)
        elif data[0] == self.SYNC and data[1] == self.STEP_1:
            caller.send(bytes([self.SYNC, self.STEP_2, len(self.EMPTY)]) + self.EMPTY)
            caller.proved()
