// Event, EventTarget and what descends from them (WHATWG DOM, section 2).
//
// A listener is called by dispatch(): at once when code under test dispatches an event itself, or
// as a job of its own when the platform does, so that a browser's microtask checkpoint can lie
// between two listeners (HTML, "clean up after running script").

class Event {
  constructor(type, init = {}) {
    if (arguments.length === 0) throw new TypeError("1 argument required, but only 0 present.");
    this.type = String(type);
    this.bubbles = Boolean(init.bubbles);
    this.cancelable = Boolean(init.cancelable);
    this.composed = Boolean(init.composed);
    this.target = this.currentTarget = null;
    this.defaultPrevented = this.isTrusted = false;
    this.eventPhase = 0;
    this.timeStamp = nowMs();
    this.stopped = false;
  }
  get srcElement() { return this.target; }
  preventDefault() { if (this.cancelable) this.defaultPrevented = true; }
  stopPropagation() {}
  stopImmediatePropagation() { this.stopped = true; }
  composedPath() { return this.currentTarget === null ? [] : [this.currentTarget]; }
}

class CustomEvent extends Event {
  constructor(type, init = {}) {
    super(type, init);
    this.detail = init.detail === undefined ? null : init.detail;
  }
}

class MessageEvent extends Event {
  constructor(type, init = {}) {
    super(type, init);
    this.data = init.data === undefined ? null : init.data;
    this.origin = init.origin === undefined ? "" : init.origin;
    this.lastEventId = "";
    this.source = null;
    this.ports = [];
  }
}

class CloseEvent extends Event {
  constructor(type, init = {}) {
    super(type, init);
    this.wasClean = Boolean(init.wasClean);
    this.code = init.code === undefined ? 0 : init.code;
    this.reason = init.reason === undefined ? "" : init.reason;
  }
}

class ErrorEvent extends Event {
  constructor(type, init = {}) {
    super(type, init);
    this.message = init.message === undefined ? "" : init.message;
    this.error = init.error === undefined ? null : init.error;
  }
}

const LISTENERS = Symbol("listeners");

class EventTarget {
  constructor() { this[LISTENERS] = []; }

  addEventListener(type, callback, options) {
    if (callback === null || callback === undefined) return;
    const given = typeof options === "object" && options !== null ? options : {};
    const capture = typeof options === "boolean" ? options : Boolean(given.capture);
    const list = this[LISTENERS];
    type = String(type);
    if (list.some((l) => l.type === type && l.callback === callback && l.capture === capture)) return;
    if (given.signal !== undefined && given.signal !== null) {
      if (given.signal.aborted) return;
      given.signal.addEventListener("abort", () => this.removeEventListener(type, callback, capture));
    }
    list.push({ type, callback, capture, once: Boolean(given.once), removed: false });
  }

  removeEventListener(type, callback, options) {
    const capture = typeof options === "boolean" ? options : Boolean(options && options.capture);
    const list = this[LISTENERS];
    const at = list.findIndex(
      (l) => l.type === String(type) && l.callback === callback && l.capture === capture);
    if (at >= 0) { list[at].removed = true; list.splice(at, 1); }
  }

  dispatchEvent(event) {
    event.target = event.currentTarget = this;
    event.stopped = false;
    for (const listener of listenersOf(this, event.type)) callListener(this, event, listener);
    event.currentTarget = null;
    return !event.defaultPrevented;
  }
}

function listenersOf(target, type) {
  return target[LISTENERS].filter((listener) => listener.type === type);
}

function callListener(target, event, listener) {
  if (listener.removed || event.stopped) return;
  if (listener.once) {
    listener.removed = true;
    target[LISTENERS].splice(target[LISTENERS].indexOf(listener), 1);
  }
  const callback = listener.callback;
  try {
    if (typeof callback === "function") callback.call(target, event);
    else if (typeof callback.handleEvent === "function") callback.handleEvent(event);
  } catch (error) {
    uncaught(error);
  }
}

// Calls the listeners of an event that the platform fires, each as a job (see runtime.js).
function fire(target, event) {
  event.isTrusted = true;
  event.target = event.currentTarget = target;
  const calls = listenersOf(target, event.type).map(
    (listener) => () => callListener(target, event, listener));
  runNext(calls);
}

// Attributes such as onopen: a listener that keeps the place it was first given (HTML, "event
// handlers"); set to null it is taken out.
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
        if (this[key] !== undefined) {
          if (usable) { this[key].handler = handler; return; }
          this.removeEventListener(type, this[key].callback);
          this[key] = undefined;
        } else if (usable) {
          const held = { handler, callback: undefined };
          const target = this;
          held.callback = function (event) {
            if (typeof held.handler === "function") return held.handler.call(target, event);
          };
          this[key] = held;
          this.addEventListener(type, held.callback);
        }
      },
    });
  }
}

// --- AbortController (WHATWG DOM, section 3) ----------------------------------------------------

class AbortSignal extends EventTarget {
  constructor() { super(); this.aborted = false; this.reason = undefined; }
  throwIfAborted() { if (this.aborted) throw this.reason; }
  static abort(reason) { const signal = new AbortSignal(); abort(signal, reason); return signal; }
  static timeout(ms) {
    const signal = new AbortSignal();
    setTimeout(() => abort(signal, new DOMException("signal timed out", "TimeoutError")), ms);
    return signal;
  }
  static any(signals) {
    const all = new AbortSignal();
    for (const signal of signals) {
      if (signal.aborted) { abort(all, signal.reason); break; }
      signal.addEventListener("abort", () => abort(all, signal.reason));
    }
    return all;
  }
}
handlerAttributes(AbortSignal.prototype, ["onabort"]);

function abort(signal, reason) {
  if (signal.aborted) return;
  signal.aborted = true;
  signal.reason = reason === undefined ? new DOMException("signal is aborted without reason", "AbortError") : reason;
  signal.dispatchEvent(new Event("abort"));
}

class AbortController {
  constructor() { this.signal = new AbortSignal(); }
  abort(reason) { abort(this.signal, reason); }
}
