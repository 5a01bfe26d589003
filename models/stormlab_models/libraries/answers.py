"""The servers of :mod:`.peers` once more, in JavaScript, for programs on Node with npm's ``ws``.

Each is what :class:`stormlab.hosts.recipe.Recipe` calls ``answer``: a function that is given the
server's end of a connection, ``later(seconds, call)`` (which does nothing once the connection is
over or the server hangs) and the connection's number. It says what the peer of the same name says,
at the same times: ``tests/stormlab_models/libraries/test_answers.py`` holds one against the other.
Sources: see the peers.
"""

SOCKET_IO = """
(socket, later, number) => {
  let answered = false;
  const ping = () => {
    answered = false;
    socket.send("2");
    later(20, () => { if (!answered) socket.close(1000); });
  };
  socket.on("message", (data) => {
    const text = String(data);
    if (text === "3") { answered = true; later(25, ping); }
    else if (text.startsWith("40")) socket.send("40" + JSON.stringify({ sid: `socket-${number}` }));
  });
  socket.send("0" + JSON.stringify({
    sid: `engine-${number}`, upgrades: [], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1e6,
  }));
  later(25, ping);
}"""

PHOENIX = """
(socket) => {
  socket.on("message", (data) => {
    const [joinRef, ref, topic] = JSON.parse(data);
    socket.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "ok", response: {} }]));
  });
}"""

GRAPHQL = """
(socket) => {
  socket.on("message", (data) => {
    const { type } = JSON.parse(data);
    if (type === "connection_init") socket.send(JSON.stringify({ type: "connection_ack" }));
    else if (type === "ping") socket.send(JSON.stringify({ type: "pong" }));
  });
}"""

SIGNALR = r"""
(socket, later) => {
  const END = "\x1e";
  const ping = () => { socket.send(JSON.stringify({ type: 6 }) + END); later(15, ping); };
  socket.on("message", (data) => {
    for (const part of String(data).split(END)) {
      if (part === "" || !("protocol" in JSON.parse(part))) continue;
      socket.send("{}" + END);
      later(15, ping);
    }
  });
}"""

CENTRIFUGO = r"""
Object.assign((socket, later, number) => {
  const ping = () => { socket.send("{}"); later(25, ping); };
  socket.on("message", (data) => {
    for (const line of String(data).split("\n")) {
      const { id, connect, subscribe } = JSON.parse(line);
      if (connect !== undefined) {
        const result = { client: `client-${number}`, version: "6", ping: 25, pong: true };
        socket.send(JSON.stringify({ id, connect: result }));
        later(25, ping);
      } else if (subscribe !== undefined) socket.send(JSON.stringify({ id, subscribe: {} }));
    }
  });
}, { reason: (code) => code >= 3000 ? "disconnect" : "" })"""

HOME_ASSISTANT = """
(socket) => {
  const say = (what) => socket.send(JSON.stringify(what));
  socket.on("message", (data) => {
    const { type, id } = JSON.parse(data);
    if (type === "auth") say({ type: "auth_ok", ha_version: "2024.1.0" });
    else if (type === "ping") say({ id, type: "pong" });
    else say({ id, type: "result", success: true, result: null });
  });
  say({ type: "auth_required", ha_version: "2024.1.0" });
}"""

ACTION_CABLE = """
(socket, later) => {
  const say = (what) => socket.send(JSON.stringify(what));
  const ping = () => { say({ type: "ping", message: 0 }); later(3, ping); };
  socket.on("message", (data) => {
    const { command, identifier } = JSON.parse(data);
    if (command === "subscribe") say({ type: "confirm_subscription", identifier });
  });
  say({ type: "welcome" });
  later(3, ping);
}"""

YJS = """
(socket) => {
  const bytes = (...values) => new Uint8Array(values);
  socket.on("message", (data, isBinary) => {
    if (!isBinary) return;
    const [kind, step] = data;
    if (kind === 1) socket.send(data);
    else if (kind === 0 && step === 0) socket.send(bytes(0, 1, 2, 0, 0));
  });
  socket.send(bytes(0, 0, 1, 0));
}"""
