// What is around a client: its global object, the document, the browser and the process.

function setOnline(online) {
  P.window.navigator[IN].online = online;
  if (!P.node) fire(P.window, new Event(online ? "online" : "offline"));
}

function setVisible(visible) {
  if (P.node) return;
  P.window.document[IN].visible = visible;
  fire(P.window.document, new Event("visibilitychange", { bubbles: true }));
}

// A script runs when the page is read, as a module or deferred script does; what waits for the page
// to be loaded is told right after.
function pageLoads() {
  const page = P.window.document;
  later(() => {
    page[IN].loaded = true;
    later(() => fire(P.window, new Event("load")));
    later(() => fire(P.window, new Event("pageshow")));
    fire(page, new Event("readystatechange"));
  });
  fire(page, new Event("DOMContentLoaded", { bubbles: true }));
}

class Storage {
  constructor() { this[IN] = new Map(); }
  get length() { return this[IN].size; }
  key(n) { return [...this[IN].keys()][n] ?? null; }
  getItem(name) { return this[IN].get(String(name)) ?? null; }
  setItem(name, value) { this[IN].set(String(name), String(value)); }
  removeItem(name) { this[IN].delete(String(name)); }
  clear() { this[IN].clear(); }
}
// Items are properties too: localStorage.token = "x".
const ITEMS = {
  get(target, name) {
    if (typeof name === "symbol" || name in target) {
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    }
    return target.getItem(name) ?? undefined;
  },
  set(target, name, value) { target.setItem(name, value); return true; },
  has: (target, name) => name in target || target[IN].has(name),
  deleteProperty(target, name) { target.removeItem(name); return true; },
  ownKeys: (target) => [...target[IN].keys()],
  getOwnPropertyDescriptor: (target, name) => target[IN].has(name)
    ? { value: target[IN].get(name), writable: true, enumerable: true, configurable: true } : undefined,
};
function storage() { return new Proxy(new Storage(), ITEMS); }

class Navigator {
  constructor(agent) { this[IN] = { agent, online: true }; }
  get userAgent() { return this[IN].agent; }
  get appVersion() { return this[IN].agent.replace(/^Mozilla\//, ""); }
  get platform() { return "Linux x86_64"; }
  get vendor() { return "Google Inc."; }
  get product() { return "Gecko"; }
  get language() { return "en-US"; }
  get languages() { return ["en-US", "en"]; }
  get hardwareConcurrency() { return 2; }
  get cookieEnabled() { return true; }
  get onLine() { return this[IN].online; }
  sendBeacon(address) { put(["http", words(String(address))]); return true; }
}
tagged(Navigator);
class NodeNavigator { // Node 21 and newer; no onLine there
  constructor(agent) { this[IN] = { agent, online: true }; }
  get userAgent() { return this[IN].agent; }
}

class Document extends EventTarget {
  constructor() {
    super();
    this[IN] = { visible: true, loaded: false };
    this.cookie = "";
    this.title = "";
    this.head = this.body = this.documentElement = element("div");
  }
  get readyState() { return this[IN].loaded ? "complete" : "interactive"; }
  get visibilityState() { return this[IN].visible ? "visible" : "hidden"; }
  get hidden() { return !this[IN].visible; }
  hasFocus() { return this[IN].visible; }
  querySelector() { return null; }
  querySelectorAll() { return []; }
  getElementById() { return null; }
  getElementsByTagName() { return []; }
  createElement(name) { return element(name, this); }
}
handlerAttributes(Document.prototype, ["onvisibilitychange", "onreadystatechange"]);
Object.defineProperty(Document.prototype, Symbol.toStringTag, { value: "HTMLDocument" });

// An <a> resolves its address, which clients use as a parser; the rest of a page does nothing.
function element(name, page) {
  const made = { tagName: String(name).toUpperCase(), style: {}, dataset: {}, querySelector: () => null, appendChild: (child) => child, remove() {}, setAttribute() {}, getAttribute: () => null };
  if (String(name).toLowerCase() !== "a") return made;
  let address = null;
  Object.defineProperty(made, "href", {
    get: () => (address === null ? "" : address.href),
    set: (text) => { address = new URL(text, page.location.href); },
  });
  for (const part of ["protocol", "host", "hostname", "port", "pathname", "search", "hash", "origin"]) {
    Object.defineProperty(made, part, {
      get: () => (address === null ? "" : address[part]),
      set: (text) => { if (address !== null) address[part] = text; },
    });
  }
  return made;
}

// Channels between the tabs of one browser: here every client is alone in its browser.
class BroadcastChannel extends EventTarget {
  constructor(name) { super(); this.name = String(name); }
  postMessage() {}
  close() {}
}
handlerAttributes(BroadcastChannel.prototype, ["onmessage", "onmessageerror"]);

const LEVELS = ["debug", "error", "info", "log", "trace", "warn", "group", "groupCollapsed", "table", "dir", "dirxml", "count", "timeLog"];
const SILENT = ["groupEnd", "time", "timeEnd", "timeStamp", "clear", "countReset", "profile", "profileEnd"];
function consoleOf() {
  const made = {};
  const say = (level, given) => put(["log", level, given.map(words).join(" ")]);
  for (const level of LEVELS) made[level] = (...told) => say(level, told);
  for (const name of SILENT) made[name] = () => {};
  made.assert = (ok, ...told) => { if (!ok) say("error", ["Assertion failed:", ...told]); };
  return made;
}

const CONSOLE = consoleOf();
function processOf(client) {
  const made = {
    env: {}, argv: ["node", "client.js"], execArgv: [], platform: "linux", arch: "x64", pid: 1, title: "node",
    version: "v20.0.0", versions: { node: "20.0.0", v8: "11.3" }, release: { name: "node" },
    nextTick: (call, ...args) => queueMicrotask(() => call(...args)),
    emitWarning(text) { put(["log", "warn", words(text)]); },
    cwd: () => "/", uptime: () => client.now / 1000, memoryUsage: () => ({ rss: 0, heapTotal: 0, heapUsed: 0 }),
    hrtime: Object.assign(
      () => [Math.floor(client.now / 1000), Math.round((client.now % 1000) * 1e6)],
      { bigint: () => BigInt(Math.round(client.now * 1e6)) }),
  };
  for (const name of ["on", "once", "off", "addListener", "removeListener"]) made[name] = () => made;
  return made;
}

// A client's own global object. Its prototype is the engine's, so that what code looks up in it is
// there ("Promise" in globalThis), and what code adds to it stays the client's own.
function surroundings(client, options) {
  const window = Object.create(globalThis);
  window[LISTENERS] = [];
  for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
    window[name] = EventTarget.prototype[name].bind(window);
  }
  window.globalThis = window;
  window.global = client.node ? window : undefined;
  window.console = { ...CONSOLE };
  if (client.node) {
    window.navigator = new NodeNavigator(options.agent);
    window.process = processOf(client);
    window.WebSocket = NodeWebSocket;
    Object.assign(window, { Buffer, setImmediate, clearImmediate });
    return window;
  }
  window.navigator = new Navigator(options.agent);
  window.window = window.self = window.top = window.parent = window.frames = window;
  window.document = new Document();
  window.document[PARENT] = window;
  window.location = new URL(options.page_url);
  window.document.location = window.location;
  window.document.defaultView = window;
  window.origin = window.location.origin;
  window.localStorage = storage();
  window.sessionStorage = storage();
  window.history = { state: null, length: 1, pushState() {}, replaceState() {} };
  Object.assign(window, PAGE);
  return window;
}
// On the prototype of every window, where a client's own assignment finds them.
handlerAttributes(globalThis, ["ononline", "onoffline", "onload", "onpagehide", "onpageshow", "onbeforeunload", "onunload", "onstorage", "onunhandledrejection"]);
for (const name of ["onerror"]) {
  // window.onerror is given the message first (HTML, "the event handler processing algorithm")
  const key = Symbol(name);
  Object.defineProperty(globalThis, name, {
    configurable: true,
    get() { return this[key] === undefined ? null : this[key].handler; },
    set(handler) {
      if (this[key] !== undefined) this.removeEventListener("error", this[key].callback);
      this[key] = undefined;
      if (typeof handler !== "function") return;
      this[key] = { handler, callback: (event) => handler.call(this, event.message, "", 0, 0, event.error) };
      this.addEventListener("error", this[key].callback);
    },
  });
}

// Names that code under test finds in its own surroundings, whatever the engine has.
const GLOBALS = ["globalThis", "window", "self", "global", "console", "navigator", "document",
  "location", "localStorage", "sessionStorage", "history", "process", "Buffer", "WebSocket",
  "XMLHttpRequest", "FileReader", "setImmediate", "clearImmediate", "addEventListener", "removeEventListener", "dispatchEvent",
  "requestAnimationFrame", "cancelAnimationFrame", "requestIdleCallback", "cancelIdleCallback",
  "matchMedia", "top", "parent", "frames", "origin", "isSecureContext", "alert", "confirm", "prompt", "require", "module", "exports"];

// --- HTTP ----------------------------------------------------------------------------------------
// Nobody answers it here: a request fails a millisecond later, as it does without a network.

const FAILS_MS = 1;

class Headers {
  constructor(init = {}) {
    this[IN] = new Map();
    const entries = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
    for (const [name, value] of entries) this.append(name, value);
  }
  append(name, value) { this[IN].set(String(name).toLowerCase(), this.has(name) ? `${this.get(name)}, ${value}` : String(value)); }
  set(name, value) { this[IN].set(String(name).toLowerCase(), String(value)); }
  get(name) { return this[IN].get(String(name).toLowerCase()) ?? null; }
  has(name) { return this[IN].has(String(name).toLowerCase()); }
  delete(name) { this[IN].delete(String(name).toLowerCase()); }
  forEach(call) { for (const [name, value] of this) call(value, name, this); }
  *[Symbol.iterator]() { yield* [...this[IN]].sort(([a], [b]) => (a < b ? -1 : 1)); }
  *entries() { yield* this; }
}
tagged(Headers);

class Request {
  constructor(address, init = {}) {
    const base = P.node ? undefined : P.window.location.href;
    Object.assign(this, {
      url: address instanceof Request ? address.url : new URL(address, base).href,
      method: String(init.method || "GET").toUpperCase(), headers: new Headers(init.headers), signal: init.signal || null,
    });
  }
}
tagged(Request);

function fetch(address) {
  put(["http", words(String(typeof address === "object" && address !== null && address.url !== undefined ? address.url : address))]);
  return new WatchedPromise((_, reject) => afterMs(FAILS_MS, () => reject(new TypeError(P.node ? "fetch failed" : "Failed to fetch"))));
}

class XMLHttpRequest extends EventTarget {
  constructor() {
    super();
    Object.assign(this, {
      readyState: 0, status: 0, statusText: "", response: "", responseText: "", responseType: "", responseURL: "",
      timeout: 0, withCredentials: false, upload: new EventTarget(),
    });
    this[IN] = { url: "", sent: false };
  }
  open(method, address) { this[IN] = { url: String(address), sent: false }; this.readyState = 1; }
  setRequestHeader() {}
  overrideMimeType() {}
  getResponseHeader() { return null; }
  getAllResponseHeaders() { return ""; }
  send() {
    const inside = this[IN];
    inside.sent = true;
    put(["http", words(inside.url)]);
    afterMs(FAILS_MS, () => {
      if (!inside.sent || this[IN] !== inside) return;
      inside.sent = false;
      this.readyState = 4;
      for (const type of ["readystatechange", "error", "loadend"]) this.dispatchEvent(new Event(type));
    });
  }
  abort() {
    const was = this[IN].sent;
    this[IN].sent = false;
    if (was) { this.readyState = 4; for (const type of ["readystatechange", "abort", "loadend"]) this.dispatchEvent(new Event(type)); }
    this.readyState = 0;
  }
}
for (const [value, name] of ["UNSENT", "OPENED", "HEADERS_RECEIVED", "LOADING", "DONE"].entries()) {
  XMLHttpRequest[name] = XMLHttpRequest.prototype[name] = value;
}
handlerAttributes(XMLHttpRequest.prototype, ["onreadystatechange", "onload", "onloadend", "onloadstart", "onerror", "onabort", "ontimeout", "onprogress"]);

const PAGE = {
  alert: (text) => put(["log", "alert", words(text)]),
  confirm: () => true,
  prompt: () => null,
  matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {}, addListener() {}, removeListener() {} }),
  isSecureContext: true,
  XMLHttpRequest,
  FileReader,
  requestAnimationFrame,
  cancelAnimationFrame,
  requestIdleCallback,
  cancelIdleCallback,
};

// American, as dates are.
define(Number.prototype, {
  toLocaleString() {
    if (!Number.isFinite(+this)) return Number.isNaN(+this) ? "NaN" : this < 0 ? "-∞" : "∞";
    const [whole, fraction] = this.toFixed(3).replace(/\.?0+$/, "").split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return fraction === undefined ? grouped : `${grouped}.${fraction}`;
  },
});

// What is collected when depends on how much others have left lying about: here nothing is.
class WeakRef {
  constructor(target) { this[IN] = target; }
  deref() { return this[IN]; }
}
tagged(WeakRef);

define(globalThis, {
  Event, CustomEvent, MessageEvent, CloseEvent, ErrorEvent, PromiseRejectionEvent, EventTarget,
  AbortController, AbortSignal, MessageChannel, MessagePort, BroadcastChannel,
  setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, Date: VirtualDate, performance,
  Promise: WatchedPromise, WeakRef, crypto, URL, URLSearchParams, TextEncoder, TextDecoder, Blob, structuredClone,
  WebSocket, fetch, Headers, Request, reportError: (error) => uncaught(error),
});
for (const name of ["FinalizationRegistry", "SharedArrayBuffer", "Atomics"]) delete globalThis[name];
