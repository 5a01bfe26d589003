// The clients of this engine, and how the host drives them.
//
// One client's code runs at a time: P. What the host tells becomes jobs; the host runs one job, lets
// the microtasks run, runs the next (a browser's checkpoint), or all of them in a row (Node). What
// the code does with timers, sockets and the console is put on P.out, which the host takes.

let P = null;
const clients = new Map();
const factories = [];

function later(job) { P.jobs.push(job); }
function runNext(jobs) { P.jobs.unshift(...jobs); }

function words(value) {
  if (typeof value === "string") return value;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : text;
  } catch {
    return String(value);
  }
}

function uncaught(error) {
  let text = words(error);
  if (error instanceof Error && typeof error.stack === "string") {
    const place = /(\d+:\d+)\)?$/.exec(error.stack.trim().split("\n")[0]);
    if (place !== null) text += ` (at ${place[1]} of the bundle)`;
  }
  P.out.push(["err", text]);
}

// The next job, and in Node all of them; how many are left.
function step() {
  do {
    const job = P.jobs.shift();
    if (job === undefined) return 0;
    try {
      job();
    } catch (error) {
      uncaught(error);
    }
  } while (P.node);
  return P.jobs.length;
}

// What the client did since it was asked last, as JSON; empty: nothing.
function take() {
  if (P.out.length === 0) return "";
  const text = JSON.stringify(P.out);
  P.out = [];
  return text;
}

function enter(id, now) {
  P = clients.get(id);
  P.now = now;
}

const HEARD = {
  timer: timerFired,
  open: socketOpened,
  message: socketMessage,
  closing: socketClosing,
  end: socketEnded,
  start: startClient,
  call: callClient,
  has: clientHas,
  online: setOnline,
  visible: setVisible,
};

// Something happened to a client; how many jobs are left after the first.
function heard(id, now, kind, a, b, c, d, e) {
  enter(id, now);
  if (P.unsent.length > 0 && P.window.navigator.onLine_) {
    for (const socket of P.unsent) socket.sent_ = 0;
    P.unsent = [];
  }
  later(() => HEARD[kind](a, b, c, d, e));
  return step();
}

// A client ends: nothing of it is kept.
function drop(id) {
  clients.delete(id);
  if (P !== null && P.id === id) P = null;
}

// --- a client ------------------------------------------------------------------------------------

function register(factory) { return factories.push(factory) - 1; }

function spawn(id, factory, text) {
  const options = JSON.parse(text);
  const stream = (key, feed) => ({ key: BigInt(key), ordinal: 0, feed });
  const client = {
    id,
    node: options.node,
    now: 0,
    epoch: options.epoch_ms,
    nesting: 0,
    jobs: [],
    out: [],
    timers: new Map(),
    timerSeq: 0,
    sockets: new Map(),
    socketSeq: 0,
    unsent: [],
    random: { ...stream(options.random_key, options.feed), fixed: options.fixed },
    secret: stream(options.secret_key, []),
    factory,
    options,
    app: null,
  };
  clients.set(id, client);
  P = client;
  client.window = surroundings(client, options);
}

function startClient() {
  const client = P;
  const start = factories[client.factory](...GLOBALS.map((name) => client.window[name]));
  const note = (kind, detail = "") => client.out.push(["note", String(kind), words(detail)]);
  const found = start({ url: client.options.url, number: client.options.number, note });
  const keep = (app) => { client.app = app === undefined ? null : app; };
  if (found !== null && typeof found === "object" && typeof found.then === "function") {
    found.then(keep, uncaught);
  } else keep(found);
}

function clientHas(name) {
  if (P.app !== null && typeof P.app[name] === "function") P.out.push(["has"]);
}

function callClient(name, argument) {
  const app = P.app;
  if (app === null || typeof app[name] !== "function") {
    P.out.push(["missing", name]);
    return;
  }
  const found = app[name](argument);
  if (found !== null && typeof found === "object" && typeof found.then === "function") found.then(undefined, uncaught);
}

// --- what is around it ----------------------------------------------------------------------------

function setOnline(online) {
  P.window.navigator.onLine_ = online;
  if (!P.node) fire(P.window, new Event(online ? "online" : "offline"));
}

function setVisible(visible) {
  if (P.node) return;
  P.window.document.visible_ = visible;
  const event = new Event("visibilitychange", { bubbles: true });
  later(() => fire(P.window, event));
  fire(P.window.document, event);
}

class Storage {
  constructor() { this.items_ = new Map(); }
  get length() { return this.items_.size; }
  key(n) { return [...this.items_.keys()][n] ?? null; }
  getItem(name) { return this.items_.get(String(name)) ?? null; }
  setItem(name, value) { this.items_.set(String(name), String(value)); }
  removeItem(name) { this.items_.delete(String(name)); }
  clear() { this.items_.clear(); }
}

class Navigator {
  constructor(agent) { this.userAgent = agent; this.language = "en"; this.onLine_ = true; }
  get onLine() { return this.onLine_; }
  get languages() { return [this.language]; }
}

class Document extends EventTarget {
  constructor() {
    super();
    this.visible_ = true;
    this.readyState = "complete";
    this.cookie = "";
    this.title = "";
    this.head = this.body = this.documentElement = { querySelector: () => null, appendChild() {}, style: {} };
  }
  get visibilityState() { return this.visible_ ? "visible" : "hidden"; }
  get hidden() { return !this.visible_; }
  hasFocus() { return this.visible_; }
  querySelector() { return null; }
  querySelectorAll() { return []; }
  getElementById() { return null; }
}
handlerAttributes(Document.prototype, ["onvisibilitychange"]);

// Channels between the tabs of one browser: here every client is alone in its browser.
class BroadcastChannel extends EventTarget {
  constructor(name) { super(); this.name = String(name); }
  postMessage() {}
  close() {}
}
handlerAttributes(BroadcastChannel.prototype, ["onmessage", "onmessageerror"]);

const consoleOf = (client) => Object.fromEntries(
  ["debug", "error", "info", "log", "trace", "warn", "group", "groupCollapsed", "table"].map((level) => [
    level, (...given) => { client.out.push(["log", level, given.map(words).join(" ")]); }])
  .concat([["assert", (ok, ...given) => { if (!ok) client.out.push(["log", "error", `Assertion failed: ${given.map(words).join(" ")}`]); }],
    ["groupEnd", () => {}], ["time", () => {}], ["timeEnd", () => {}]]));

const process_ = (client) => ({
  env: {}, argv: ["node"], platform: "linux", pid: 1, version: "v20.0.0", versions: { node: "20.0.0" },
  nextTick: (call, ...args) => queueMicrotask(() => call(...args)),
  on() { return this; }, once() { return this; }, off() { return this; }, emit() {},
  cwd: () => "/", uptime: () => client.now / 1000, hrtime: Object.assign(
    () => [Math.floor(client.now / 1000), Math.round((client.now % 1000) * 1e6)],
    { bigint: () => BigInt(Math.round(client.now * 1e6)) }),
});

// A client's own global object. Its prototype is the engine's, so that what code looks up in it is
// there ("Promise" in globalThis), and what code adds to it stays the client's own.
function surroundings(client, options) {
  const window = Object.create(globalThis);
  const bus = new EventTarget();
  window[LISTENERS] = bus[LISTENERS];
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
    window[name] = EventTarget.prototype[name].bind(window);
  }
  window.globalThis = window;
  window.global = client.node ? window : undefined;
  window.console = consoleOf(client);
  window.navigator = new Navigator(options.agent);
  if (client.node) {
    window.process = process_(client);
    window.setImmediate = setImmediate;
    window.clearImmediate = clearTimeout;
    return window;
  }
  window.window = window.self = window.top = window.parent = window.frames = window;
  window.document = new Document();
  window.location = new URL(options.page_url);
  window.document.location = window.location;
  window.localStorage = new Storage();
  window.sessionStorage = new Storage();
  window.history = { state: null, pushState() {}, replaceState() {} };
  window.requestAnimationFrame = requestAnimationFrame;
  window.cancelAnimationFrame = clearTimeout;
  return window;
}

// Names that code under test finds in its own surroundings, whatever the engine has.
const GLOBALS = ["globalThis", "window", "self", "global", "console", "navigator", "document",
  "location", "localStorage", "sessionStorage", "history", "process", "setImmediate",
  "clearImmediate", "addEventListener", "removeEventListener", "dispatchEvent",
  "requestAnimationFrame", "cancelAnimationFrame", "require", "module", "exports"];

// Nobody answers HTTP here: the request fails as it does without a network.
function fetch(address) {
  P.out.push(["http", String(address && address.url !== undefined ? address.url : address)]);
  return Promise.reject(new TypeError("Failed to fetch"));
}

Object.assign(globalThis, {
  Event, CustomEvent, MessageEvent, CloseEvent, ErrorEvent, EventTarget, AbortController, AbortSignal,
  setTimeout, setInterval, clearTimeout, clearInterval: clearTimeout, Date: DateProxy, performance,
  crypto, URL, URLSearchParams, TextEncoder, TextDecoder, Blob, structuredClone, WebSocket,
  BroadcastChannel, fetch,
});
// When an object is collected depends on how much others have left lying about.
for (const name of ["FinalizationRegistry", "SharedArrayBuffer", "Atomics"]) delete globalThis[name];

return { register, spawn, heard, step, take, drop, parameters: GLOBALS.join(",") };
