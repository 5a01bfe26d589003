"""Recipes of npm libraries: how one client of each is started, and who answers it."""

from stormlab.hosts.recipe import Declares, Recipe
from stormlab_models.libraries import answers, peers

# dist/client.js: isFatalInternalCloseCode, shouldRetryConnectOrThrow
GRAPHQL_FATAL = frozenset(range(1000, 2000)) - {1000, 1001, 1005, 1006, 1012, 1013, 1014} | {
    *(4004, 4005, 4400, 4401, 4406, 4409, 4429, 4500)
}
# build/index.js, _handleTransportClose... and centrifugal.dev: terminal codes
CENTRIFUGO_FINAL = frozenset({1009, *range(3500, 4000), *range(4500, 5000)})

RECONNECTING_WEBSOCKET = Recipe(
    name="reconnecting-websocket",
    package="npm:reconnecting-websocket@4.4.0",
    start="""
(lib, env) => {
  const socket = new lib.default(env.url);
  return { close: () => socket.close(), reconnect: () => socket.reconnect() };
}""",
    policy="reconnecting-websocket",
    # README, "Available options"; minUptime 5000
    declares=Declares(gives_up=False, connect_timeout_s=4.0, resets_on="stable", stable_s=5.0),
    formula="min(10 s, B·1.3^n), B = U[1, 5) s",
)

PARTYSOCKET = Recipe(
    name="partysocket",
    package="npm:partysocket@1.3.0",
    entry='export { WebSocket } from "partysocket";',
    start="""
(lib, env) => {
  const socket = new lib.WebSocket(env.url);
  return { close: () => socket.close(), reconnect: () => socket.reconnect() };
}""",
    policy="partysocket",
    # README, "Available options"; minUptime 5000
    declares=Declares(gives_up=False, connect_timeout_s=4.0, resets_on="stable", stable_s=5.0),
    formula="min(10 s, 3 s·1.3^n)",
)

SOCKET_IO = Recipe(
    name="socket.io-client",
    package="npm:socket.io-client@4.8.4",
    entry='export { io } from "socket.io-client";',
    start="""
(lib, env) => {
  const socket = lib.io(env.url.replace(/^ws/, "http"), { transports: ["websocket"] });
  socket.on("connect", () => env.note("connected"));
  return { close: () => socket.disconnect(), reconnect: () => socket.connect() };
}""",
    peer=peers.SocketIo,
    answer=answers.SOCKET_IO,
    policy="socket.io-client",
    # build/esm/manager.js (timeout 20000, reconnectionAttempts Infinity); the server's pings
    declares=Declares(
        gives_up=False,
        connect_timeout_s=20.0,
        resets_on="proof",
        heartbeat_s=peers.SocketIo.PING_S,
        heartbeat_timeout_s=peers.SocketIo.TIMEOUT_S,
    ),
    formula="min(ms ± floor(r/2·ms), 5000) | 0, ms = 1000·2^n; minus where floor(10r) is even",
    notes="WebSocket only: HTTP polling is not hosted.",
)

PHOENIX = Recipe(
    name="phoenix",
    package="npm:phoenix@1.8.16",
    start="""
(lib, env) => {
  const socket = new lib.Socket(env.url);
  socket.connect();
  socket.channel("room:lobby").join();
  return { close: () => socket.disconnect(), reconnect: () => socket.connect() };
}""",
    peer=peers.Phoenix,
    answer=answers.PHOENIX,
    policy="phoenix",
    # assets/js/phoenix/socket.js: heartbeatIntervalMs 30000, answered by the next one
    declares=Declares(gives_up=False, resets_on="open", heartbeat_s=30.0, heartbeat_timeout_s=30.0),
    formula="10, 50, 100, 150, 200, 250, 500, 1000, 2000 ms, then 5 s",
)

SIGNALR = Recipe(
    name="@microsoft/signalr",
    package="npm:@microsoft/signalr@10.0.11",
    start="""
(lib, env) => {
  const { HubConnectionBuilder, HttpTransportType, LogLevel } = lib;
  const hub = new HubConnectionBuilder()
    .withUrl(env.url.replace(/^ws/, "http"),
      { skipNegotiation: true, transport: HttpTransportType.WebSockets })
    .configureLogging(LogLevel.None)
    .withAutomaticReconnect()
    .build();
  hub.onclose(() => env.note("gave up"));
  let timer, closed = false;
  async function start() {
    try {
      await hub.start();
    } catch (error) {
      if (!closed) timer = setTimeout(start, 5000);
    }
  }
  start();
  return { close: () => { closed = true; clearTimeout(timer); hub.stop(); } };
}""",
    peer=peers.SignalR,
    answer=answers.SIGNALR,
    policy="@microsoft/signalr",
    # learn.microsoft.com, "ASP.NET Core SignalR JavaScript client" (Automatically reconnect) and
    # "SignalR configuration" (serverTimeout 30 s, keepAliveInterval 15 s)
    declares=Declares(
        gives_up=True,
        attempts_max=4,
        resets_on="proof",
        heartbeat_s=15.0,
        heartbeat_timeout_s=30.0,
    ),
    formula="0, 2, 10, 30 s, then no more",
    notes="Without negotiation, which is HTTP. A first start() that fails is tried again every 5 s,"
    " as its documentation shows; the delays are those after a loss.",
)

GRAPHQL_WS = Recipe(
    name="graphql-ws",
    package="npm:graphql-ws@6.4.2",
    entry='export { createClient } from "graphql-ws";',
    start="""
(lib, env) => {
  const client = lib.createClient({ url: env.url });
  client.subscribe({ query: "subscription { news }" },
    { next() {}, error: () => env.note("gave up"), complete() {} });
  return { close: () => client.dispose() };
}""",
    peer=peers.GraphQl,
    answer=answers.GRAPHQL,
    policy="graphql-ws",
    # dist/client.d.ts, retryAttempts
    declares=Declares(gives_up=True, attempts_max=5, final_codes=GRAPHQL_FATAL, resets_on="proof"),
    formula="1 s·2^n + U{300..2999} ms, n = 0..4",
    notes="A refused connection counts as a fatal error of another kind than a close: there, not"
    " one of the five retries is made.",
)

CENTRIFUGE = Recipe(
    name="centrifuge",
    package="npm:centrifuge@5.8.0",
    entry='export { Centrifuge } from "centrifuge";',
    start="""
(lib, env) => {
  const client = new lib.Centrifuge(env.url);
  client.on("disconnected", () => env.note("gave up"));
  client.connect();
  return { close: () => client.disconnect(), reconnect: () => client.connect() };
}""",
    peer=peers.Centrifugo,
    answer=answers.CENTRIFUGO,
    policy="centrifuge-js",
    # README (timeout, maxServerPingDelay); centrifugal.dev, "Client protocol", disconnect codes
    declares=Declares(
        gives_up=False,
        connect_timeout_s=5.0,
        final_codes=CENTRIFUGO_FINAL,
        resets_on="proof",
        heartbeat_s=peers.Centrifugo.PING_S,
        heartbeat_timeout_s=10.0,
    ),
    formula="min(20 s, 0.5 s + U{0..min(20 s, 0.5 s·2^n)}), whole ms",
    notes="An attempt is given up after 5 s, so is a connection whose connect is not answered.",
)

Y_WEBSOCKET = Recipe(
    name="y-websocket",
    package="npm:y-websocket@3.1.0",
    entry="""
import * as Y from "yjs";
export { WebsocketProvider } from "y-websocket";
export const document = () => new Y.Doc();
""",
    start="""
(lib, env) => {
  const provider = new lib.WebsocketProvider(env.url, "room", lib.document());
  provider.on("closed", () => env.note("gave up"));
  return { close: () => provider.destroy(), reconnect: () => provider.connect() };
}""",
    peer=peers.Yjs,
    answer=answers.YJS,
    policy="y-websocket",
    # README, "Close codes & reconnecting"; src/y-websocket.js: its awareness is sent every 15 s and
    # comes back; it closes 30 to 33 s after the last message, 18 s after the next was due
    declares=Declares(
        gives_up=False,
        final_codes=frozenset(range(4400, 4500)),
        resets_on="proof",
        heartbeat_s=15.0,
        heartbeat_timeout_s=18.0,
    ),
    formula="min(100 ms·2^n, 2.5 s), n = 1, 2, ... closes in a row",
)

ROBUST_WEBSOCKET = Recipe(
    name="robust-websocket",
    package="npm:robust-websocket@1.0.0",
    start="""
(lib, env) => {
  const socket = new (lib.default || lib)(env.url);
  return { close: () => socket.close(), reconnect: () => socket.open() };
}""",
    entry='export { default } from "robust-websocket";',
    policy="robust-websocket",
    # README: the default shouldReconnect, and 1000. Its "timeout" only tells of a slow attempt.
    declares=Declares(
        gives_up=True,
        attempts_max=3,
        final_codes=frozenset({1000, 1008, 1011}),
        resets_on="open",
    ),
    formula="0, 3, 10 s by attempts since the last open, then no more",
)

HOME_ASSISTANT = Recipe(
    name="home-assistant-js-websocket",
    package="npm:home-assistant-js-websocket@9.7.0",
    start="""
async (lib, env) => {
  const auth = lib.createLongLivedTokenAuth(env.url.replace(/^ws/, "http"), "token");
  const handle = { close() { this.closed = true; } };
  lib.createConnection({ auth, setupRetry: -1 }).then((connection) => {
    handle.reconnect = () => connection.reconnect();
    handle.close = () => { // for good: reconnect() of a closed connection is not for that
      connection.close();
      delete handle.reconnect;
    };
    if (handle.closed) handle.close();
  });
  return handle;
}""",
    peer=peers.HomeAssistant,
    answer=answers.HOME_ASSISTANT,
    policy="home-assistant-js-websocket",
    # README, "Connection options": connectTimeout 10000; dist/socket.js: setupRetry every second
    declares=Declares(gives_up=False, connect_timeout_s=10.0, resets_on="proof", setup_delay_s=1.0),
    formula="min(n, 5) s: 0, 1, 2, 3, 4, 5, 5 s",
    notes="Until the first connection it retries every second, without end (setupRetry: -1);"
    " nothing can stop that.",
)

ACTION_CABLE = Recipe(
    name="@rails/actioncable",
    package="npm:@rails/actioncable@8.1.400",
    entry='export { createConsumer } from "@rails/actioncable";',
    start="""
(lib, env) => {
  const consumer = lib.createConsumer(env.url);
  consumer.subscriptions.create("News", {});
  return { close: () => consumer.disconnect(), reconnect: () => consumer.connect() };
}""",
    peer=peers.ActionCable,
    answer=answers.ACTION_CABLE,
    policy="@rails/actioncable",
    # src/connection_monitor.js: it looks every 6 to 12 s whether 6 s have passed without a ping
    declares=Declares(gives_up=False, resets_on="proof", heartbeat_s=12.0, heartbeat_timeout_s=6.0),
    formula="a poll every 6 s·1.15^min(n, 10)·(1 + j·r), j = 1 for n = 0, else 0.15",
)

ANYCABLE = Recipe(
    name="@anycable/core",
    package="npm:@anycable/core@1.1.7",
    entry='export { createCable } from "@anycable/core";',
    start="""
(lib, env) => {
  const cable = lib.createCable(env.url);
  cable.connect().catch(() => {});
  return { close: () => cable.disconnect(), reconnect: () => cable.connect().catch(() => {}) };
}""",
    peer=peers.ActionCable,
    answer=answers.ACTION_CABLE,
    policy="@anycable/core",
    # create-cable/index.js (pingInterval 3000), monitor/index.js (maxMissingPings 2, looked for
    # every 2.25 to 3.75 s)
    declares=Declares(gives_up=False, resets_on="proof", heartbeat_s=3.75, heartbeat_timeout_s=6.0),
    formula="L·U[1, 2)·U[0.5, 1.5), L = 3 s·2^n",
)

RECIPES = {
    recipe.name: recipe
    for recipe in (
        RECONNECTING_WEBSOCKET,
        PARTYSOCKET,
        SOCKET_IO,
        PHOENIX,
        SIGNALR,
        GRAPHQL_WS,
        CENTRIFUGE,
        Y_WEBSOCKET,
        ROBUST_WEBSOCKET,
        HOME_ASSISTANT,
        ACTION_CABLE,
        ANYCABLE,
    )
}
