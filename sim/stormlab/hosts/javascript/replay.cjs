// A world replayed with real sockets: this program holds the server, which behaves in phases, and
// one client, whose code is below. It needs npm's ws beside it, and nothing else:
//
//     npm install ws && node THIS_FILE
//
// It prints what the client does and hears, with the time since its start, and last a summary as
// JSON. Times are the world's, times SCALE in reality; Math.random gives what it gives in the lab. On loopback a handshake takes about a
// millisecond. A server that hangs is only approximated: it accepts and then says nothing.
"use strict";

const http = require("node:http");
const ws = require("ws");

const WORLD = /*WORLD*/ null;
const SCALE = /*SCALE*/ 1;
const answer = /*ANSWER*/ () => {};
const RANDOM = /*RANDOM*/ null; // the lab's Math.random for this client: a key, and what comes first

const clock = { setTimeout, setInterval, Date, performance };
const began = clock.performance.now();
const sinceMs = () => (clock.performance.now() - began) / SCALE;
const after = (seconds, call) => clock.setTimeout(call, Math.max(0, seconds * 1000 * SCALE));

// --- what is told -------------------------------------------------------------------------------

const events = [];
function tell(what, attempt = 0, detail = "") {
  events.push({ s: Math.round(sinceMs()) / 1000, what, attempt, detail });
  const number = attempt ? ` #${attempt}` : "";
  console.log(`${(sinceMs() / 1000).toFixed(3).padStart(9)} s  ${what}${number}${detail === "" ? "" : `  ${detail}`}`);
}
process.on("uncaughtException", (error) => tell("uncaught error", 0, String(error)));
process.on("unhandledRejection", (reason) => tell("unhandled rejection", 0, String(reason)));

// --- the server ---------------------------------------------------------------------------------

const sockets = new Set(); // the server's ends of TCP
const waiting = []; // upgrades that nobody has answered yet
let phase = { what: "refuse" };
let port = 0;
let server = null;
const acceptor = new ws.WebSocketServer({ noServer: true, perMessageDeflate: false });

function listen(ready) {
  if (server !== null) return;
  server = http.createServer();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.on("upgrade", (request, socket, head) => {
    if (phase.what === "hang") waiting.push([request, socket, head]);
    else upgrade(request, socket, head);
  });
  server.listen(port, "127.0.0.1", () => { port = server.address().port; if (ready) ready(); });
}

function upgrade(request, socket, head) {
  const now = phase;
  acceptor.handleUpgrade(request, socket, head, (accepted) => {
    accepted.on("error", () => {});
    const silent = now.what === "mute" || now.what === "reject";
    if (!silent || now.answers) answer(accepted);
    if (now.what === "reject") after(now.after_s, () => end(accepted, now.code));
  });
}

function end(accepted, code) {
  if (code === 1006) accepted.terminate();
  else accepted.close(code);
}

function enter(next) {
  const before = phase;
  phase = next;
  tell("server", 0, next.what);
  if (before.what === "hang") {
    for (const accepted of acceptor.clients) accepted._socket.resetAndDestroy();
    for (const each of waiting.splice(0)) if (next.what !== "refuse" && next.what !== "stop") upgrade(...each);
  }
  if (next.what === "refuse" || next.what === "stop") {
    if (server !== null) server.close();
    server = null;
    if (next.what === "refuse") for (const socket of sockets) socket.destroy();
    else for (const accepted of acceptor.clients) end(accepted, next.code);
    return;
  }
  if (next.what === "serve" && next.drop) for (const accepted of acceptor.clients) end(accepted, next.code);
  if (next.what === "hang") for (const socket of sockets) socket.pause();
  listen();
}

// --- the client ---------------------------------------------------------------------------------

let attempts = 0;
class Told extends ws.WebSocket {
  constructor(url, protocols) {
    super(url, protocols === undefined ? [] : protocols);
    const number = ++attempts;
    tell("new WebSocket", number);
    this.on("open", () => tell("open", number));
    this.on("error", (error) => tell("error", number, error.message));
    this.on("close", (code, reason) => tell("close", number, `${code} ${reason}`.trim()));
  }
}
Object.defineProperty(Told, "name", { value: "WebSocket" });
globalThis.WebSocket = Told;

// The client's clock runs as fast as the world's.
const slowed = (set) => (call, ms, ...rest) => set(call, Number.isFinite(Number(ms)) ? Number(ms) * SCALE : ms, ...rest);
class SlowedDate extends clock.Date {
  constructor(...given) {
    if (given.length === 0) super(SlowedDate.now());
    else super(...given);
  }
  static now() { return Math.round(clock.performance.timeOrigin + began + sinceMs()); }
}
if (SCALE !== 1) {
  globalThis.setTimeout = slowed(clock.setTimeout);
  globalThis.setInterval = slowed(clock.setInterval);
  globalThis.Date = SlowedDate;
}

// Draw by draw as in the lab (platform/timers.js).
const MASK = (1n << 64n) - 1n;
const key = BigInt(RANDOM.key);
let ordinal = 0;
function mix(value) {
  value = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  value = ((value ^ (value >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return value ^ (value >> 31n);
}
Math.random = () => {
  const n = ordinal++;
  if (n < RANDOM.feed.length) return RANDOM.feed[n];
  return Number(mix((key + BigInt(n) * 0xd1b54a32d192ed03n) & MASK) >> 11n) / 2 ** 53;
};

const client = (() => {
/*CODE*/
})();

listen(() => {
  if (SCALE !== 1) console.log(`one second of the world takes ${SCALE} s`);
  let at_s = 0;
  for (const each of WORLD.phases) {
    if (at_s === 0) enter(each);
    else after(at_s, () => enter(each));
    at_s += each.for_s;
  }
  let app = null;
  for (const act of WORLD.acts) {
    after(act.at_s, () => {
      const method = act.do === "close" ? "close" : "reconnect";
      if (app === null || typeof app[method] !== "function") { tell("no such method", 0, method); return; }
      tell("call", 0, `${method}()`);
      app[method]();
    });
  }
  const note = (kind, detail = "") => tell("note", 0, `${kind} ${detail}`.trim());
  Promise.resolve(client({ url: `ws://127.0.0.1:${port}/socket`, number: 0, note })).then((found) => { app = found; });
  after(WORLD.end_s, () => {
    const last = events.filter((event) => event.what === "open" || event.what === "close").pop();
    const connected = last !== undefined && last.what === "open";
    console.log(JSON.stringify({ attempts, opens: events.filter((event) => event.what === "open").length, connected, scale: SCALE, events }));
    process.exit(0);
  });
});
