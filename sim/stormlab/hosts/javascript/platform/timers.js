// Timers, Date, performance and Math.random: everything that tells the time or throws dice.
//
// Delays are converted as the platforms do it, since overflow bugs depend on it. Browser: WebIDL
// long (ToInt32), below 0 is 0, and 4 ms at least from the sixth nested timer on (HTML, "timer
// initialization steps"). Node: what is not within 1 and 2**31 - 1 becomes 1 ms, the fraction is
// cut off (node:lib/internal/timers.js).

const NESTED_MAX = 5;
const CLAMP_MS = 4;
const TIMEOUT_MAX = 2 ** 31 - 1;

function delayMs(given) {
  if (P.node) {
    const delay = given * 1;
    return delay >= 1 && delay <= TIMEOUT_MAX ? Math.trunc(delay) : 1;
  }
  const delay = Math.max(given | 0, 0);
  return P.nesting > NESTED_MAX && delay < CLAMP_MS ? CLAMP_MS : delay;
}

function addTimer(callback, given, args, repeats) {
  if (typeof callback !== "function") {
    const text = String(callback);
    callback = () => (0, eval)(text);
  }
  const id = ++P.timerSeq;
  const timer = { id, callback, args, repeats, given, nesting: P.nesting + 1 };
  P.timers.set(id, timer);
  P.out.push(["t", id, delayMs(given)]);
  return P.node ? new Timeout(id) : id;
}

// Node gives an object, which most code only hands back; it counts as a number where one is wanted.
class Timeout {
  constructor(id) { this.id = id; }
  ref() { return this; }
  unref() { return this; }
  hasRef() { return true; }
  refresh() {
    const timer = P.timers.get(this.id);
    if (timer !== undefined) P.out.push(["c", this.id], ["t", this.id, delayMs(timer.given)]);
    return this;
  }
  close() { removeTimer(this); return this; }
  [Symbol.toPrimitive]() { return this.id; }
}

function removeTimer(given) {
  const id = given instanceof Timeout ? given.id : Number(given);
  if (P.timers.delete(id)) P.out.push(["c", id]);
}

function timerFired(id) {
  const timer = P.timers.get(id);
  if (timer === undefined) return;
  if (!timer.repeats) P.timers.delete(id);
  P.nesting = timer.nesting;
  try {
    timer.callback.apply(P.node ? timer : P.window, timer.args);
  } catch (error) {
    uncaught(error);
  }
  if (timer.repeats && P.timers.has(id)) {
    timer.nesting += 1;
    P.out.push(["t", id, delayMs(timer.given)]);
  }
  later(() => { P.nesting = 0; });
}

const setTimeout = (callback, delay, ...args) => addTimer(callback, delay, args, false);
const setInterval = (callback, delay, ...args) => addTimer(callback, delay, args, true);
const setImmediate = (callback, ...args) => addTimer(callback, 0, args, false);
const clearTimeout = (id) => { if (id !== undefined && id !== null) removeTimer(id); };
const FRAME_MS = 16;
const requestAnimationFrame = (callback) => setTimeout(() => callback(nowMs()), FRAME_MS);

// --- time ---------------------------------------------------------------------------------------

function nowMs() { return P === null ? 0 : P.now; }
function dateMs() { return P === null ? 0 : P.epoch + Math.floor(P.now); }

const RealDate = Date;
class VirtualDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(dateMs());
    else super(...args);
  }
  static now() { return dateMs(); }
}
// Date() without new gives a text
const DateProxy = new Proxy(VirtualDate, { apply: () => new VirtualDate().toString() });
VirtualDate.prototype.constructor = DateProxy;

const performance = {
  now: nowMs,
  get timeOrigin() { return P === null ? 0 : P.epoch; },
  mark() {},
  measure() {},
  clearMarks() {},
  clearMeasures() {},
  getEntriesByName() { return []; },
  getEntriesByType() { return []; },
  toJSON() { return { timeOrigin: this.timeOrigin }; },
};

// --- chance -------------------------------------------------------------------------------------
// Draw number n of a purpose, as stormlab.draws has it: the finaliser of splitmix64, 53 bits of it.

const MASK = (1n << 64n) - 1n;
const STRIDE = 0xd1b54a32d192ed03n;

function mix(value) {
  value = ((value ^ (value >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  value = ((value ^ (value >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return value ^ (value >> 31n);
}

function unit(stream) {
  const ordinal = stream.ordinal++;
  if (ordinal < stream.feed.length) return stream.feed[ordinal];
  if (typeof stream.fixed === "number") return stream.fixed;
  return Number(mix((stream.key + BigInt(ordinal) * STRIDE) & MASK) >> 11n) / 2 ** 53;
}

Math.random = () => (P === null ? 0 : unit(P.random));

const crypto = {
  getRandomValues(array) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(unit(P.secret) * 256);
    return array;
  },
  randomUUID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(i ? ends[i - 1] : 0, end)).join("-");
  },
  subtle: undefined,
};
