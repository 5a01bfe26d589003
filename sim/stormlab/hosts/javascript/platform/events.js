// Event, EventTarget and what descends from them (WHATWG DOM, sections 2 and 3).
//
// A listener is called by dispatch(): at once when code under test dispatches an event itself, or
// as a job of its own when the platform does, so that a browser's microtask checkpoint can lie
// between two listeners (HTML, "clean up after running script").
//
// What an object is made of lies under symbols: as in a browser, JSON and for-in loops see nothing
// of it but isTrusted.

const IN = Symbol("inside");
const LISTENERS = Symbol("listeners");
const PARENT = Symbol("parent"); // where an event bubbles to
const EMITTER = Symbol("emitter"); // of Node: see callListener()

function tagged(type) {
  Object.defineProperty(type.prototype, Symbol.toStringTag, { value: type.name, configurable: true });
}

class Event {
  constructor(type, init) {
    if (arguments.length === 0) throw new TypeError("Failed to construct 'Event': 1 argument required, but only 0 present.");
    const given = init === undefined || init === null ? {} : init;
    this[IN] = {
      type: String(type),
      bubbles: Boolean(given.bubbles),
      cancelable: Boolean(given.cancelable),
      composed: Boolean(given.composed),
      target: null, current: null, prevented: false, stopped: false, contained: false, phase: 0,
      last: null, // whose listeners were called last
      time: nowMs(),
    };
    this.isTrusted = false;
  }
  get type() { return this[IN].type; }
  get bubbles() { return this[IN].bubbles; }
  get cancelable() { return this[IN].cancelable; }
  get composed() { return this[IN].composed; }
  get target() { return this[IN].target; }
  get srcElement() { return this[IN].target; }
  get currentTarget() { return this[IN].current; }
  get eventPhase() { return this[IN].phase; }
  get timeStamp() { return this[IN].time; }
  get defaultPrevented() { return this[IN].prevented; }
  get returnValue() { return !this[IN].prevented; }
  get cancelBubble() { return this[IN].contained; }
  set cancelBubble(yes) { if (yes) this[IN].contained = true; }
  preventDefault() { if (this[IN].cancelable) this[IN].prevented = true; }
  stopPropagation() { this[IN].contained = true; }
  stopImmediatePropagation() { this[IN].stopped = this[IN].contained = true; }
  composedPath() {
    const path = [];
    if (this[IN].current === null) return path;
    for (let at = this[IN].target; at !== null && at !== undefined; at = at[PARENT]) path.push(at);
    return path;
  }
}
for (const [name, value] of Object.entries({ NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 })) {
  Event[name] = Event.prototype[name] = value;
}

function given(init, name, otherwise) {
  return init === undefined || init === null || init[name] === undefined ? otherwise : init[name];
}

class CustomEvent extends Event {
  constructor(type, init) { super(type, init); this[IN].detail = given(init, "detail", null); }
  get detail() { return this[IN].detail; }
}

class MessageEvent extends Event {
  constructor(type, init) {
    super(type, init);
    const inside = this[IN];
    inside.data = given(init, "data", null);
    inside.origin = String(given(init, "origin", ""));
    inside.lastEventId = String(given(init, "lastEventId", ""));
    inside.source = given(init, "source", null);
    inside.ports = given(init, "ports", []);
  }
  get data() { return this[IN].data; }
  get origin() { return this[IN].origin; }
  get lastEventId() { return this[IN].lastEventId; }
  get source() { return this[IN].source; }
  get ports() { return this[IN].ports; }
}

class CloseEvent extends Event {
  constructor(type, init) {
    super(type, init);
    this[IN].wasClean = Boolean(given(init, "wasClean", false));
    this[IN].code = Number(given(init, "code", 0)) & 0xffff;
    this[IN].reason = String(given(init, "reason", ""));
  }
  get wasClean() { return this[IN].wasClean; }
  get code() { return this[IN].code; }
  get reason() { return this[IN].reason; }
}

class ErrorEvent extends Event {
  constructor(type, init) {
    super(type, init);
    this[IN].message = String(given(init, "message", ""));
    this[IN].error = given(init, "error", undefined);
  }
  get message() { return this[IN].message; }
  get error() { return this[IN].error; }
  get filename() { return ""; }
  get lineno() { return 0; }
  get colno() { return 0; }
}

class PromiseRejectionEvent extends Event {
  constructor(type, init) {
    super(type, init);
    this[IN].promise = given(init, "promise", null);
    this[IN].reason = given(init, "reason", undefined);
  }
  get promise() { return this[IN].promise; }
  get reason() { return this[IN].reason; }
}
for (const type of [Event, CustomEvent, MessageEvent, CloseEvent, ErrorEvent, PromiseRejectionEvent]) tagged(type);

class EventTarget {
  constructor() { this[LISTENERS] = []; }

  addEventListener(type, callback, options) {
    if (callback === null || callback === undefined) return;
    const object = typeof options === "object" && options !== null;
    const capture = object ? Boolean(options.capture) : Boolean(options);
    const list = this[LISTENERS];
    type = String(type);
    for (const held of list) {
      if (held.type === type && held.callback === callback && held.capture === capture) return;
    }
    const signal = object ? options.signal : undefined;
    if (signal !== undefined && signal !== null) {
      if (signal.aborted) return;
      signal.addEventListener("abort", () => this.removeEventListener(type, callback, capture));
    }
    list.push({ type, callback, capture, once: object && Boolean(options.once), removed: false });
  }

  removeEventListener(type, callback, options) {
    const capture = typeof options === "object" && options !== null ? Boolean(options.capture) : Boolean(options);
    const list = this[LISTENERS];
    type = String(type);
    const at = list.findIndex(
      (held) => held.type === type && held.callback === callback && held.capture === capture);
    if (at >= 0) { list[at].removed = true; list.splice(at, 1); }
  }

  dispatchEvent(event) {
    if (!(event instanceof Event)) throw new TypeError("Failed to execute 'dispatchEvent' on 'EventTarget': parameter 1 is not of type 'Event'.");
    const inside = event[IN];
    if (inside.current !== null) throw new DOMException("Failed to execute 'dispatchEvent' on 'EventTarget': The event is already being dispatched.", "InvalidStateError");
    inside.target = this;
    for (const { at, held } of way(this, event)) {
      if (!inside.contained || at === inside.last) callListener(at, event, held);
    }
    inside.stopped = inside.contained = false;
    return !inside.prevented;
  }
}
tagged(EventTarget);
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
  Object.defineProperty(EventTarget.prototype, name, { enumerable: true });
}

// The listeners of an event in the order in which they are called: those of the parent that capture,
// the target's own, and those of the parent that it bubbles to.
function way(target, event) {
  const own = listenersOf(target, event[IN].type).map((held) => ({ at: target, held }));
  const parent = target[PARENT];
  if (parent === undefined) return own;
  const above = listenersOf(parent, event[IN].type).map((held) => ({ at: parent, held }));
  const bubbling = event[IN].bubbles ? above.filter(({ held }) => !held.capture) : [];
  return [...above.filter(({ held }) => held.capture), ...own, ...bubbling];
}

function listenersOf(target, type) {
  return target[LISTENERS].filter((held) => held.type === type);
}

// Node's EventEmitter calls a listener that was taken out meanwhile, and none after one that throws.
function callListener(target, event, held) {
  const inside = event[IN], emitter = target[EMITTER] === true;
  if (inside.stopped || (held.removed && !emitter)) return;
  if (held.once) {
    const list = target[LISTENERS], at = list.indexOf(held);
    held.removed = true;
    if (at >= 0) list.splice(at, 1);
  }
  const callback = held.callback;
  inside.current = inside.last = target;
  inside.phase = target === inside.target ? 2 : held.capture ? 1 : 3;
  try {
    if (typeof callback === "function") callback.call(target, event);
    else callback.handleEvent(event);
  } catch (error) {
    uncaught(error);
    if (emitter) inside.stopped = true;
  }
  inside.current = null;
  inside.phase = 0;
}

// Calls the listeners of an event that the platform fires, each as a job (see runtime.js).
function fire(target, event) {
  const inside = event[IN];
  event.isTrusted = true;
  inside.target = target;
  const calls = [];
  if (target[PARENT] === undefined) {
    const type = inside.type;
    for (const held of target[LISTENERS]) {
      if (held.type === type) calls.push(() => callListener(target, event, held));
    }
    if (calls.length === 0) return 0;
  } else {
    for (const { at, held } of way(target, event)) {
      calls.push(() => { if (!inside.contained || at === inside.last) callListener(at, event, held); });
    }
  }
  runNext(calls);
  return calls.length;
}

// Attributes such as onopen: a listener that keeps the place it was first given (HTML, "event
// handlers"); set to null it is taken out. In an emitter of Node it goes to the end each time.
function handlerAttributes(prototype, names) {
  for (const name of names) {
    const type = name.slice(2);
    const key = Symbol(name);
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get() { return this[key] === undefined ? null : this[key].handler; },
      set(handler) {
        const usable = typeof handler === "function" || (typeof handler === "object" && handler !== null);
        const before = this[key];
        if (before !== undefined) {
          if (usable && this[EMITTER] !== true) { before.handler = handler; return; }
          this.removeEventListener(type, before.callback);
          this[key] = undefined;
        }
        if (!usable) return;
        const held = { handler, callback: undefined };
        held.callback = function (event) {
          if (typeof held.handler !== "function") return;
          if (held.handler.call(this, event) === false) event.preventDefault();
        };
        this[key] = held;
        this.addEventListener(type, held.callback);
      },
    });
  }
}

// --- AbortController ----------------------------------------------------------------------------

class AbortSignal extends EventTarget {
  constructor(key) {
    if (key !== IN) throw new TypeError("Illegal constructor");
    super();
    this[IN] = { aborted: false, reason: undefined };
  }
  get aborted() { return this[IN].aborted; }
  get reason() { return this[IN].reason; }
  throwIfAborted() { if (this[IN].aborted) throw this[IN].reason; }
  static abort(reason) { const signal = new AbortSignal(IN); abort(signal, reason); return signal; }
  static timeout(ms) {
    const signal = new AbortSignal(IN);
    setTimeout(() => abort(signal, new DOMException("signal timed out", "TimeoutError")), ms);
    return signal;
  }
  static any(signals) {
    const all = new AbortSignal(IN);
    for (const signal of signals) {
      if (signal.aborted) { abort(all, signal.reason); break; }
      signal.addEventListener("abort", () => abort(all, signal.reason));
    }
    return all;
  }
}
handlerAttributes(AbortSignal.prototype, ["onabort"]);
tagged(AbortSignal);

function abort(signal, reason) {
  if (signal[IN].aborted) return;
  signal[IN].aborted = true;
  signal[IN].reason = reason === undefined ? new DOMException("signal is aborted without reason", "AbortError") : reason;
  signal.dispatchEvent(new Event("abort"));
}

class AbortController {
  constructor() { this[IN] = new AbortSignal(IN); }
  get signal() { return this[IN]; }
  abort(reason) { abort(this[IN], reason); }
}
tagged(AbortController);

// --- MessageChannel (HTML, "channel messaging"), which some use as a timer of no delay -----------

class MessagePort extends EventTarget {
  constructor(key) {
    if (key !== IN) throw new TypeError("Illegal constructor");
    super();
    this[IN] = { other: null, started: false, waiting: [] };
  }
  postMessage(data) {
    const other = this[IN].other;
    if (other === null) return;
    other[IN].waiting.push(structuredClone(data));
    if (other[IN].started) soon(() => deliver(other));
  }
  start() {
    if (this[IN].started) return;
    this[IN].started = true;
    if (this[IN].waiting.length > 0) soon(() => deliver(this));
  }
  close() {
    const other = this[IN].other;
    this[IN].other = null;
    if (other !== null) other[IN].other = null;
  }
  ref() {}
  unref() {}
}
handlerAttributes(MessagePort.prototype, ["onmessage", "onmessageerror"]);
const plainHandler = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
Object.defineProperty(MessagePort.prototype, "onmessage", {
  ...plainHandler,
  set(handler) { plainHandler.set.call(this, handler); this.start(); },
});
tagged(MessagePort);

function deliver(port) {
  const waiting = port[IN].waiting;
  if (waiting.length === 0) return;
  const data = waiting.shift();
  if (waiting.length > 0) soon(() => deliver(port));
  fire(port, new MessageEvent("message", { data }));
}

class MessageChannel {
  constructor() {
    this.port1 = new MessagePort(IN);
    this.port2 = new MessagePort(IN);
    this.port1[IN].other = this.port2;
    this.port2[IN].other = this.port1;
  }
}
tagged(MessageChannel);
