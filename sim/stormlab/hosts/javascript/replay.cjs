// A world replayed with real sockets: this program holds the server, which behaves in phases, and
// one client, whose code is below. It needs npm's ws beside it, and nothing else:
//
//     npm install ws && node THIS_FILE
//
// It prints what the client does and hears, with the time since its start, and last a summary as
// JSON. Times are the world's, times SCALE in reality; Math.random gives what it gives in the lab. On
// loopback a handshake takes about a millisecond. A server that hangs is only approximated: it
// accepts and then says nothing. Code for a browser finds a window, a document and a navigator, which
// are always online and in sight, and nothing of Node.
"use strict";

const http = require("node:http");
const ws = require("ws");

const WORLD = /*WORLD*/ null;
const SCALE = /*SCALE*/ 1;
const answer = /*ANSWER*/ () => {}; // the server's side of the protocol: (socket, later, number)
const PROFILE = /*PROFILE*/ "node";
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
let accepts = 0;
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
    const number = accepts++;
    const alive = () => accepted.readyState === ws.OPEN && phase.what !== "hang";
    const later = (seconds, call) => after(seconds, () => { if (alive()) call(); });
    if (!silent || now.answers) answer(accepted, later, number);
    if (now.what === "reject") after(now.after_s, () => end(accepted, now.code));
  });
}

function end(accepted, code) {
  if (code === 1006) accepted.terminate();
  else accepted.close(code, answer.reason ? answer.reason(code) : "");
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
  if ((next.what === "serve" || next.what === "reject") && next.drop) for (const accepted of acceptor.clients) end(accepted, next.code);
  if (next.what === "hang") for (const socket of sockets) socket.pause();
  listen();
}

// --- the client ---------------------------------------------------------------------------------

const shown = (data, isBinary) => isBinary
  ? `<${Buffer.from(data).toString("hex")}>`.slice(0, SHOWN_MAX)
  : String(data).replace(/[\x00-\x1f]/g, " ").trim().slice(0, SHOWN_MAX);
const SHOWN_MAX = 60; // characters of a message

let attempts = 0;
class NodeSocket extends ws.WebSocket {
  #number = 0;
  constructor(url, protocols) {
    super(url, protocols === undefined ? [] : protocols);
    const number = this.#number = ++attempts;
    tell("new WebSocket", number);
    this.on("open", () => tell("open", number));
    this.on("message", (data, isBinary) => tell("message", number, shown(data, isBinary)));
    this.on("error", (error) => tell("error", number, error.message));
    this.on("close", (code, reason) => tell("close", number, `${code} ${reason}`.trim()));
  }
  send(data, ...rest) {
    if (this.readyState === ws.OPEN) tell("send", this.#number, shown(data, typeof data !== "string"));
    super.send(data, ...rest);
  }
}

// The same as browsers have it: its events are the platform's, and errors say nothing.
class CloseEvent extends Event {
  constructor(type, { code = 0, reason = "", wasClean = false } = {}) {
    super(type);
    Object.assign(this, { code, reason, wasClean });
  }
}
class BrowserSocket extends EventTarget {
  #inner;
  #on = {};
  constructor(url, protocols) {
    super();
    const inner = this.#inner = new NodeSocket(url, protocols);
    inner.binaryType = "blob";
    inner.addEventListener("open", () => this.dispatchEvent(new Event("open")));
    inner.addEventListener("message", ({ data }) => this.dispatchEvent(new MessageEvent("message", { data })));
    inner.addEventListener("error", () => this.dispatchEvent(new Event("error")));
    inner.addEventListener("close", ({ code, reason, wasClean }) => {
      this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
    });
  }
  send(data) {
    if (this.readyState === ws.CONNECTING) throw new DOMException("Still in CONNECTING state", "InvalidStateError");
    this.#inner.send(data);
  }
  close(code, reason) {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`${code} is neither 1000 nor from 3000 to 4999`, "InvalidAccessError");
    }
    this.#inner.close(code, reason);
  }
  static {
    for (const name of ["url", "readyState", "protocol", "extensions", "bufferedAmount"]) {
      Object.defineProperty(this.prototype, name, { get() { return this.#inner[name]; } });
    }
    Object.defineProperty(this.prototype, "binaryType", {
      get() { return this.#inner.binaryType; },
      set(value) { this.#inner.binaryType = value; },
    });
    for (const type of ["open", "message", "error", "close"]) {
      Object.defineProperty(this.prototype, `on${type}`, {
        get() { return this.#on[type]?.call ?? null; },
        set(call) {
          if (this.#on[type] === undefined) {
            const held = this.#on[type] = { call };
            this.addEventListener(type, (event) => { if (typeof held.call === "function") held.call.call(this, event); });
          }
          this.#on[type].call = call;
        },
      });
    }
    for (const name of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]) {
      this[name] = this.prototype[name] = ws.WebSocket[name];
    }
  }
}
const Socket = PROFILE === "browser" ? BrowserSocket : NodeSocket;
Object.defineProperty(Socket, "name", { value: "WebSocket" });
globalThis.WebSocket = Socket;

// HTTP is not hosted: a request fails as without a network.
globalThis.fetch = (address) => {
  tell("http request", 0, String(address?.url ?? address));
  return Promise.reject(new TypeError("Failed to fetch"));
};

// What code for a browser looks for: a page in sight, a device that is online.
if (PROFILE === "browser") {
  const told = () => { // addEventListener and its kin, which work without their object
    const target = new EventTarget();
    const names = ["addEventListener", "removeEventListener", "dispatchEvent"];
    return Object.fromEntries(names.map((name) => [name, target[name].bind(target)]));
  };
  const location = new URL("https://server.example/");
  const element = () => ({ style: {}, setAttribute() {}, appendChild() {}, remove() {} });
  const document = {
    ...told(), location, visibilityState: "visible", hidden: false, readyState: "complete", cookie: "",
    createElement: (name) => name === "a" ? new URL(location) : element(),
    hasFocus: () => true, querySelector: () => null, getElementById: () => null,
  };
  const navigator = { onLine: true, userAgent: "Mozilla/5.0", language: "en-US" };
  const page = { ...told(), CloseEvent, window: globalThis, self: globalThis, document, location, navigator };
  for (const [name, value] of Object.entries(page)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}
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

const client = (function (/*OF NODE*/) { // what a browser does not have
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
