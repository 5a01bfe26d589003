// The clients of this engine, and how the host drives them.
//
// One client's code runs at a time: P. What the host tells becomes jobs; the host runs one job, lets
// the microtasks run, runs the next (a browser's checkpoint), or all of them in a row (Node). What
// the code does with timers, sockets and the console is put on P.out, which the host takes.

let P = null;
const clients = new Map();
const factories = [];
// What code under test may replace, and the platform needs.
const { stringify: toJson, parse: fromJson } = JSON;

function define(place, names) {
  for (const name of Object.keys(names)) {
    Object.defineProperty(place, name, { value: names[name], configurable: true, writable: true, enumerable: false });
  }
}

function put(command) {
  if (P.out.length >= OUT_MAX) throw new RangeError(TOO_MUCH);
  P.out[P.out.length] = command;
}
function later(job) { P.jobs.push(job); }
function runNext(jobs) { P.jobs.unshift(...jobs); }
// As a task of its own, now or as soon as the host can.
function soon(job) { later(job); }

const WORDS_MAX = 400;
const OUT_MAX = 100000;
const FRAMES_MAX = 20;
const TOO_MUCH = "too much at one moment";

function words(value) { return textOf(value).slice(0, WORDS_MAX).toWellFormed(); }

function textOf(value) {
  if (typeof value === "string") return value;
  try {
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    if (value instanceof Event) return `${value.constructor.name} of type ${value.type}`;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const text = toJson(value);
      if (text !== undefined && text !== "{}") return text;
    }
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

// The lines and columns of the code under test in an error's stack, innermost first; others are the
// platform's, or those of a text that was parsed.
function frames(error) {
  const found = [];
  try {
    if (!(error instanceof Error) || typeof error.stack !== "string") return found;
    for (const line of error.stack.split("\n").slice(0, FRAMES_MAX)) {
      const place = /(\d+):(\d+)\)?$/.exec(line);
      if (place !== null && +place[1] > CODE_LINE) found.push([place[1] - CODE_LINE, +place[2]]);
    }
  } catch {} // a stack of its own making
  return found;
}

function uncaught(error) {
  put(["err", words(error), frames(error)]);
  if (P.node || P.window === null || P.erring) return;
  P.erring = true; // an error of a listener for errors is not told to it
  P.window.dispatchEvent(new ErrorEvent("error", { message: `Uncaught ${words(error)}`, error, cancelable: true }));
  P.erring = false;
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
  if (P.rejected.length > 0) tellRejected();
  if (P.out.length === 0) return "";
  const text = P.out.length < OUT_MAX ? toJson(P.out) : toJson(TOO_MUCH);
  P.out = [];
  return text;
}

const HEARD = {
  __proto__: null,
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
function heard(id, now, kind, a, b, c, d, e, f) {
  P = clients.get(id);
  P.now = now;
  if (P.unsent.length > 0 && P.window.navigator[IN].online) {
    for (const socket of P.unsent) socket[IN].sent = 0;
    P.unsent = [];
  }
  later(() => HEARD[kind](a, b, c, d, e, f));
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
  const options = fromJson(text);
  const stream = (key, feed) => ({ key: BigInt(key), ordinal: 0, feed });
  P = {
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
    rejected: [],
    erring: false,
    random: { ...stream(options.random_key, options.feed), fixed: options.fixed },
    secret: stream(options.secret_key, []),
    factory,
    options,
    app: null,
    window: null,
  };
  clients.set(id, P);
  P.window = surroundings(P, options);
}

function startClient() {
  const client = P;
  const given = GLOBALS.map((name) => client.window[name]);
  const start = factories[client.factory].apply(client.window, given);
  if (!client.node) later(pageLoads);
  const note = (kind, detail = "") => { put(["note", words(kind), words(detail)]); };
  const found = start({ url: client.options.url, number: client.options.number, note });
  settled(found, (app) => { client.app = app === undefined ? null : app; });
}

function clientHas(name) {
  if (P.app !== null && typeof P.app[name] === "function") put(["has"]);
}

function callClient(name, argument) {
  const app = P.app;
  if (app === null || typeof app[name] !== "function") {
    put(["missing", name]);
    return;
  }
  settled(app[name](argument), () => {});
}

function settled(found, keep) {
  if (found !== null && typeof found === "object" && typeof found.then === "function") found.then(keep, uncaught);
  else keep(found);
}

// Whether the engine's own objects are as they were before any client ran in it. What clients leave
// there (patches of prototypes, names on the real global object) must not reach the next run.
function clean() {
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    if (ownKeys(place).length !== counts[i] || !isExtensible(place) || getPrototypeOf(place) !== above[i]) return false;
  }
  for (let i = 0; i < held.length; i++) if (holders[i][names[i]] !== held[i]) return false;
  return true;
}

const { ownKeys, isExtensible, getPrototypeOf } = Reflect;
const places = [], counts = [], above = [], holders = [], names = [], held = [];
function remember(place) {
  if (places.includes(place)) return;
  const keys = ownKeys(place);
  places.push(place);
  counts.push(keys.length);
  above.push(getPrototypeOf(place));
  for (const name of keys) {
    const found = Object.getOwnPropertyDescriptor(place, name);
    if (found.get !== undefined || !("value" in found) || Number.isNaN(found.value)) continue;
    holders.push(place);
    names.push(name);
    held.push(found.value);
  }
}
for (const name of ownKeys(globalThis)) {
  const found = Object.getOwnPropertyDescriptor(globalThis, name).value;
  if ((typeof found !== "function" && typeof found !== "object") || found === null || found === globalThis) continue;
  remember(found);
  if (["object", "function"].includes(typeof found.prototype) && found.prototype !== null) remember(found.prototype);
}
// those that have no name
const typed = Object.getPrototypeOf(Int8Array);
for (const one of [[], new Map(), new Set(), ""]) remember(Object.getPrototypeOf(one[Symbol.iterator]()));
for (const call of [async () => {}, function* () {}, async function* () {}]) {
  remember(Object.getPrototypeOf(call));
  if (call.prototype !== undefined) remember(Object.getPrototypeOf(call.prototype));
}
remember(typed);
remember(typed.prototype);
remember(globalThis);

return { register, spawn, heard, step, take, drop, clean, parameters: GLOBALS.join(",") };
