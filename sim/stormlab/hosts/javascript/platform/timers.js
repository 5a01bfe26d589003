// Timers, performance, chance: what tells the time or throws dice, but for Date (see dates.js).
//
// Delays are converted as the platforms do it, since overflow bugs depend on it. Browser: WebIDL
// long (ToInt32), below 0 is 0, and 4 ms at least from the seventh nested timer on (HTML, "timer
// initialization steps"; Chromium 156 does so). Node: what is not within 1 and 2**31 - 1 becomes 1 ms, the fraction is
// cut off (node:lib/internal/timers.js).

const NESTED_MAX = 5;
const CLAMP_MS = 4;
const TIMEOUT_MAX = 2 ** 31 - 1;
const FRAME_MS = 16;

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
    if (P.node) throw new TypeError(`The "callback" argument must be of type function. Received ${words(callback)}`);
    const text = String(callback);
    callback = () => (0, eval)(text);
  }
  const id = startTimer({ callback, args, repeats, given, nesting: P.nesting + 1 }, delayMs(given));
  return P.node ? P.timers.get(id).shown = new Timeout(id) : id;
}

// One on the host's clock after a delay in whole milliseconds.
function startTimer(timer, delay) {
  timer.id = ++P.timerSeq;
  P.timers.set(timer.id, timer);
  put(["t", timer.id, delay]);
  return timer.id;
}

// Something that the platform itself does a while later.
function afterMs(delay, callback) {
  startTimer({ callback, args: [], repeats: false, given: delay, nesting: 0 }, delay);
}

// Node gives an object, which most code only hands back; it counts as a number where one is wanted.
class Timeout {
  constructor(id) { this[IN] = { id, ref: true }; }
  ref() { this[IN].ref = true; return this; }
  unref() { this[IN].ref = false; return this; }
  hasRef() { return this[IN].ref; }
  refresh() {
    const timer = P.timers.get(this[IN].id);
    if (timer !== undefined) {
      put(["c", timer.id]);
      put(["t", timer.id, delayMs(timer.given)]);
    }
    return this;
  }
  close() { removeTimer(this); return this; }
  [Symbol.toPrimitive]() { return this[IN].id; }
}

function removeTimer(given) {
  const id = given instanceof Timeout ? given[IN].id : Number(given);
  if (P.timers.delete(id)) put(["c", id]);
}

function timerFired(id) {
  const timer = P.timers.get(id);
  if (timer === undefined) return;
  if (!timer.repeats) P.timers.delete(id);
  P.nesting = timer.nesting;
  later(endNesting);
  try {
    timer.callback.apply(P.node ? timer.shown : P.window, timer.args);
  } catch (error) {
    uncaught(error);
  }
  if (timer.repeats && P.timers.has(id)) {
    timer.nesting += 1;
    P.nesting = timer.nesting;
    put(["t", id, delayMs(timer.given)]);
  }
}
function endNesting() { P.nesting = 0; }

function setTimeout(callback, delay, ...args) { return addTimer(callback, delay, args, false); }
function setInterval(callback, delay, ...args) { return addTimer(callback, delay, args, true); }
function clearTimeout(id) { if (id !== undefined && id !== null) removeTimer(id); }
function clearInterval(id) { clearTimeout(id); }
function setImmediate(callback, ...args) {
  const id = startTimer({ callback, args, repeats: false, given: 0, nesting: 0 }, 0);
  return P.timers.get(id).shown = new Timeout(id);
}
function clearImmediate(id) { clearTimeout(id); }
function requestAnimationFrame(callback) {
  return startTimer({ callback: () => callback(nowMs()), args: [], repeats: false, given: FRAME_MS, nesting: 0 }, FRAME_MS);
}
function cancelAnimationFrame(id) { clearTimeout(id); }
function requestIdleCallback(callback) {
  const idle = { didTimeout: false, timeRemaining: () => 50 };
  return startTimer({ callback: () => callback(idle), args: [], repeats: false, given: 1, nesting: 0 }, 1);
}
function cancelIdleCallback(id) { clearTimeout(id); }

const realQueueMicrotask = globalThis.queueMicrotask;
function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError("Failed to execute 'queueMicrotask': The callback provided as parameter 1 is not a function.");
  realQueueMicrotask(() => {
    try { callback(); } catch (error) { uncaught(error); }
  });
}

// --- time ---------------------------------------------------------------------------------------

function nowMs() { return P === null ? 0 : P.now; }
function dateMs() { return P === null ? 0 : P.epoch + Math.floor(P.now); }

const performance = {
  now: nowMs,
  get timeOrigin() { return P === null ? 0 : P.epoch; },
  mark() {},
  measure() {},
  clearMarks() {},
  clearMeasures() {},
  getEntries() { return []; },
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

define(Math, { random() { return P === null ? 0 : unit(P.random); } });

const BYTES_MAX = 65536;
const crypto = {
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array) || array instanceof DataView || /^Float/.test(array.constructor.name)) {
      throw new DOMException("Failed to execute 'getRandomValues' on 'Crypto': The provided ArrayBufferView is not an integer array type", "TypeMismatchError");
    }
    if (array.byteLength > BYTES_MAX) {
      throw new DOMException(`Failed to execute 'getRandomValues' on 'Crypto': The ArrayBufferView's byte length (${array.byteLength}) exceeds the number of bytes of entropy available via this API (${BYTES_MAX}).`, "QuotaExceededError");
    }
    const bytes = bytesOf(array);
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
