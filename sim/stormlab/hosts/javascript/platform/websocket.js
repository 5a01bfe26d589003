// WebSocket (WHATWG websockets, sections 3 and 4). The network is the host's: what the client does
// goes to the outbox, what it hears comes back by number. Measured against Chromium and npm ws@8:
// tests/integration/test_fidelity.py.
//
// Profile "node": the differences of ws (npm ws@8.23.0:lib/websocket.js) that clients depend on.
// Its errors are of other classes, an error event comes in state CLOSING, messages are still heard
// then, close codes 1001 to 1014 are allowed, and it is an EventEmitter with on(), terminate() and
// no microtask between two listeners.

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;
const STATES = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"];
const REASON_BYTES_MAX = 123;
const NO_CODE = 1005;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const BINARY_TYPES = ["blob", "arraybuffer", "nodebuffer", "fragments"];

class WebSocket extends EventTarget {
  constructor(url, protocols) {
    if (arguments.length === 0) throw new TypeError("Failed to construct 'WebSocket': 1 argument required, but only 0 present.");
    super();
    const address = knownAddress(String(url));
    const wanted = wantedProtocols(protocols);
    this[EMITTER] = P.node;
    this[IN] = {
      number: ++P.socketSeq,
      url: address.href,
      origin: address.origin,
      state: CONNECTING,
      protocol: "",
      binary: P.node ? "nodebuffer" : "blob",
      sent: 0, // bytes that send() took and that have not left: see heard()
    };
    P.sockets.set(this[IN].number, this);
    put(["w", this[IN].number, this[IN].url, wanted]);
  }

  get url() { return this[IN].url; }
  get readyState() { return this[IN].state; }
  get bufferedAmount() { return this[IN].sent; }
  get extensions() { return ""; }
  get protocol() { return this[IN].protocol; }
  get binaryType() { return this[IN].binary; }
  set binaryType(type) {
    if (BINARY_TYPES.indexOf(type) < (P.node ? 4 : 2) && BINARY_TYPES.includes(type)) this[IN].binary = type;
  }

  send(data) {
    if (arguments.length === 0) throw new TypeError("Failed to execute 'send' on 'WebSocket': 1 argument required, but only 0 present.");
    const inside = this[IN];
    if (inside.state === CONNECTING) {
      put(["early", inside.number]);
      if (P.node) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)");
      throw new DOMException("Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.", "InvalidStateError");
    }
    const message = P.node ? messageOfNode(data) : messageOf(data);
    const text = typeof message === "string";
    if (inside.state !== OPEN) { // it never leaves
      inside.sent += text ? byteLength(message) : message.length;
      return;
    }
    if (!P.node) { // ws hands it to the kernel at once
      inside.sent += text ? byteLength(message) : message.length;
      P.unsent.push(this);
    }
    put(text ? ["s", inside.number, message.toWellFormed()] : ["b", inside.number, toLatin1(message)]);
  }

  close(code, reason) {
    const inside = this[IN];
    // Chromium: an undefined code with a reason counts as 0
    const counted = code === undefined && arguments.length > 1 ? 0 : code;
    const said = P.node ? closingOfNode(inside.state, code, reason) : closing(counted, reason);
    if (inside.state === CLOSING || inside.state === CLOSED) return;
    inside.state = CLOSING;
    put(["x", inside.number, said.code, said.reason]);
  }
}
tagged(WebSocket);
for (const [value, name] of STATES.entries()) {
  for (const place of [WebSocket, WebSocket.prototype]) Object.defineProperty(place, name, { value, enumerable: true });
}
for (const name of ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType", "send", "close"]) {
  Object.defineProperty(WebSocket.prototype, name, { enumerable: true });
}
handlerAttributes(WebSocket.prototype, ["onopen", "onmessage", "onerror", "onclose"]);

// --- of ws, on Node ------------------------------------------------------------------------------

class NodeWebSocket extends WebSocket {
  on(type, listener) { return listen(this, type, listener, false); }
  addListener(type, listener) { return listen(this, type, listener, false); }
  once(type, listener) { return listen(this, type, listener, true); }
  off(type, listener) {
    const held = this[LISTENERS].find((one) => one.type === type && one.callback.plain_ === listener);
    if (held !== undefined) this.removeEventListener(type, held.callback);
    return this;
  }
  removeListener(type, listener) { return this.off(type, listener); }
  removeAllListeners(type) {
    for (const one of [...this[LISTENERS]]) {
      if (type === undefined || one.type === type) this.removeEventListener(one.type, one.callback, one.capture);
    }
    return this;
  }
  listenerCount(type) { return listenersOf(this, type).length; }
  setMaxListeners() { return this; }
  terminate() {
    const inside = this[IN];
    if (inside.state === CLOSED) return;
    if (inside.state === CONNECTING) { this.close(); return; }
    inside.state = CLOSING;
    put(["kill", inside.number]);
  }
  ping() {}
  pong() {}
  pause() {}
  resume() {}
}
Object.defineProperty(NodeWebSocket, "name", { value: "WebSocket" });
define(NodeWebSocket, { WebSocket: NodeWebSocket });

function listen(socket, type, listener, once) {
  const call = (event) => listener.apply(socket, plainArguments(event));
  call.plain_ = listener;
  socket.addEventListener(type, call, { once });
  return socket;
}

function plainArguments(event) {
  if (event.type === "message") {
    const text = typeof event.data === "string";
    return [text ? Buffer.from(event.data) : event.data, !text];
  }
  if (event.type === "close") return [event.code, Buffer.from(event.reason)];
  if (event.type === "error") return [event.error];
  return [];
}

function messageOfNode(data) {
  if (typeof data === "number") return String(data);
  if (data === undefined || data === null) return new Uint8Array(0);
  if (typeof data === "string") return data;
  if (data instanceof Blob) return data[IN].bytes;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return bytesOf(data);
  if (Array.isArray(data)) return Uint8Array.from(data);
  throw new TypeError(`The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received ${words(data)}`);
}

function closingOfNode(state, code, reason) {
  const said = { code: NO_CODE, reason: "" };
  if (state !== OPEN || code === undefined) return said;
  const allowed = typeof code === "number" && ((code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999));
  if (!allowed) throw new TypeError("First argument must be a valid error code number");
  said.code = code;
  if (reason !== undefined) said.reason = String(reason).toWellFormed();
  if (byteLength(said.reason) > REASON_BYTES_MAX) throw new RangeError("The message must not be greater than 123 bytes");
  return said;
}

// --- of browsers ---------------------------------------------------------------------------------

function messageOf(data) {
  if (typeof data === "string") return data;
  if (data instanceof Blob) return data[IN].bytes;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return bytesOf(data);
  return String(data);
}

function closing(code, reason) {
  const said = { code: NO_CODE, reason: reason === undefined ? "" : String(reason).toWellFormed() };
  if (code !== undefined) { // [Clamp] unsigned short; Chromium cuts the fraction off
    const number = Number(code);
    said.code = Number.isNaN(number) ? 0 : Math.trunc(Math.min(Math.max(number, 0), 65535));
    if (said.code !== 1000 && !(said.code >= 3000 && said.code <= 4999)) {
      throw new DOMException(
        `Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${said.code} is neither.`,
        "InvalidAccessError");
    }
  }
  if (byteLength(said.reason) > REASON_BYTES_MAX) {
    throw new DOMException("Failed to execute 'close' on 'WebSocket': The close reason must not be greater than 123 UTF-8 bytes.", "SyntaxError");
  }
  return said;
}

function wrong(text) {
  if (P.node) return new SyntaxError(text);
  return new DOMException(`Failed to construct 'WebSocket': ${text}`, "SyntaxError");
}

function wantedProtocols(given) {
  if (given === undefined || (P.node && (given === null || typeof given === "object" && !Array.isArray(given)))) return [];
  const wanted = typeof given === "object" && given !== null && typeof given[Symbol.iterator] === "function"
    ? Array.from(given, String) : [String(given)];
  wanted.forEach((name, i) => {
    if (!TOKEN.test(name)) throw wrong(`The subprotocol '${name}' is invalid.`);
    if (wanted.indexOf(name) !== i) throw wrong(`The subprotocol '${name}' is duplicated.`);
  });
  return wanted;
}

// Clients dial the same address again and again.
const known = new Map();
const KNOWN_MAX = 64;
function knownAddress(url) {
  const key = `${P.node ? "" : P.window.location.href} ${url}`;
  let found = known.get(key);
  if (found === undefined) {
    const address = socketAddress(url);
    const port = address.port === "" ? "" : `:${address.port}`;
    found = { href: hrefOf(address), origin: `${address.protocol}//${address.hostname}${port}` };
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(key, found);
  }
  return found;
}

function socketAddress(url) {
  const base = P.node ? undefined : P.window.location[IN];
  const address = parsed(url, base);
  if (address === null) throw wrong(P.node ? `Invalid URL: ${url}` : `The URL '${url}' is invalid.`);
  if (address.protocol === "http:") address.protocol = "ws:";
  if (address.protocol === "https:") address.protocol = "wss:";
  if (address.protocol !== "ws:" && address.protocol !== "wss:") {
    throw wrong(P.node ? `The URL's protocol must be one of "ws:", "wss:", "http:", "https:", or "ws+unix:"`
      : `The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. '${address.protocol.slice(0, -1)}' is not allowed.`);
  }
  if (address.hash !== "") {
    throw wrong(P.node ? "The URL contains a fragment identifier"
      : `The URL contains a fragment identifier ('${address.hash.slice(1)}'). Fragment identifiers are not allowed in WebSocket URLs.`);
  }
  return address;
}

// --- what the network says ----------------------------------------------------------------------

function socketOpened(number, protocol) {
  const socket = P.sockets.get(number);
  if (socket === undefined || socket[IN].state !== CONNECTING) return;
  socket[IN].state = OPEN;
  socket[IN].protocol = protocol;
  fire(socket, new Event("open"));
}

function socketMessage(number, data, binary) {
  const socket = P.sockets.get(number);
  if (socket === undefined) return;
  const inside = socket[IN];
  // WHATWG: only while open; ws: until it is closed
  if (inside.state !== OPEN && !(P.node && inside.state === CLOSING)) return;
  let heard = data;
  if (binary) {
    if (inside.binary === "nodebuffer") heard = fromLatin1(data, new Buffer(data.length));
    else {
      const bytes = fromLatin1(data);
      heard = inside.binary === "blob" ? new Blob([bytes]) : bytes.buffer;
    }
  }
  fire(socket, new MessageEvent("message", { data: heard, origin: inside.origin }));
}

function socketClosing(number) {
  const socket = P.sockets.get(number);
  if (socket !== undefined && socket[IN].state !== CLOSED) socket[IN].state = CLOSING;
}

// What Node says of a connection that failed: message and code of the error.
const FAILED = {
  refused: ["connect ECONNREFUSED", "ECONNREFUSED"],
  "timed out": ["connect ETIMEDOUT", "ETIMEDOUT"],
  reset: ["socket hang up", "ECONNRESET"],
  offline: ["connect ENETUNREACH", "ENETUNREACH"],
  "aborted while connecting": ["WebSocket was closed before the connection was established"],
};

function socketEnded(number, code, reason, clean, failed, cause) {
  const socket = P.sockets.get(number);
  if (socket === undefined) return;
  P.sockets.delete(number);
  const inside = socket[IN];
  const close = () => {
    inside.state = CLOSED;
    fire(socket, new CloseEvent("close", { code, reason, wasClean: clean }));
  };
  if (!failed) { close(); return; }
  later(close);
  if (!P.node) {
    inside.state = CLOSED;
    fire(socket, new Event("error"));
    return;
  }
  inside.state = CLOSING;
  const [message, name] = FAILED[cause] || ["Unexpected server response"];
  const error = new Error(message);
  if (name !== undefined) error.code = name;
  if (fire(socket, new ErrorEvent("error", { message, error })) === 0) uncaught(error);
}
