// WebSocket (WHATWG websockets, sections 3 and 4). The network is the host's: what the client does
// goes to the outbox, what it hears comes back by number.
//
// Profile "node": the differences of ws (npm ws@8, lib/websocket.js) that clients depend on: send()
// on a connecting socket throws an Error and not a DOMException, there are on(), once() and
// terminate(), and no microtask runs between two listeners.

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3;
const REASON_BYTES_MAX = 123;
const NO_CODE = 1005;

class WebSocket extends EventTarget {
  constructor(url, protocols = []) {
    super();
    const address = socketAddress(url);
    const wanted = typeof protocols === "string" ? [protocols] : Array.from(protocols, String);
    const unique = new Set(wanted.map((name) => name.toLowerCase()));
    if (unique.size !== wanted.length || wanted.some((name) => !/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name))) {
      throw new DOMException(`Failed to construct 'WebSocket': The subprotocol list is invalid.`, "SyntaxError");
    }
    this.url = address;
    this.readyState = CONNECTING;
    this.protocol = "";
    this.extensions = "";
    this.binaryType = P.node ? "nodebuffer" : "blob";
    this.sent_ = 0; // bytes that send() took and that have not left: see heard()
    this.number_ = ++P.socketSeq;
    P.sockets.set(this.number_, this);
    P.out.push(["w", this.number_, this.url, wanted]);
  }

  get bufferedAmount() { return this.sent_; }

  send(data) {
    const text = typeof data === "string" || !(typeof data === "object" && data !== null);
    const bytes = text ? null : data instanceof Blob ? data.bytes_ : bytesOf(data);
    if (this.readyState === CONNECTING) {
      P.out.push(["early", this.number_]);
      if (P.node) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)");
      throw new DOMException("Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.", "InvalidStateError");
    }
    this.sent_ += text ? new TextEncoder().encode(String(data)).length : bytes.length;
    if (this.readyState !== OPEN) return; // it never leaves
    P.unsent.push(this);
    P.out.push(text ? ["s", this.number_, String(data)] : ["b", this.number_, toLatin1(bytes)]);
  }

  close(code, reason) {
    if (code !== undefined) {
      code = Number(code) & 0xffff;
      if (code !== 1000 && !(code >= 3000 && code <= 4999) && !(P.node && closesInNode(code))) {
        throw new DOMException(
          `Failed to execute 'close' on 'WebSocket': The close code must be either 1000, or between 3000 and 4999. ${code} is neither.`,
          "InvalidAccessError");
      }
    }
    const said = reason === undefined ? "" : String(reason);
    if (new TextEncoder().encode(said).length > REASON_BYTES_MAX) {
      throw new DOMException("Failed to execute 'close' on 'WebSocket': The close reason must not be greater than 123 UTF-8 bytes.", "SyntaxError");
    }
    if (this.readyState === CLOSING || this.readyState === CLOSED) return;
    this.readyState = CLOSING;
    P.out.push(["x", this.number_, code === undefined ? NO_CODE : code, said]);
  }

  // --- of ws, on Node ---
  on(type, listener) { return this.listen_(type, listener, false); }
  addListener(type, listener) { return this.listen_(type, listener, false); }
  once(type, listener) { return this.listen_(type, listener, true); }
  off(type, listener) {
    const held = this[LISTENERS].find((one) => one.type === type && one.callback.plain_ === listener);
    if (held !== undefined) this.removeEventListener(type, held.callback);
    return this;
  }
  removeListener(type, listener) { return this.off(type, listener); }
  removeAllListeners(type) {
    for (const one of [...this[LISTENERS]]) {
      if (type === undefined || one.type === type) this.removeEventListener(one.type, one.callback);
    }
    return this;
  }
  listen_(type, listener, once) {
    const call = (event) => listener.apply(this, plainArguments(event));
    call.plain_ = listener;
    this.addEventListener(type, call, { once });
    return this;
  }
  terminate() {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSING;
    P.out.push(["kill", this.number_]);
  }
  ping() {}
  pong() {}
}

function closesInNode(code) { return code >= 1001 && code <= 1014 && ![1004, 1005, 1006].includes(code); }

function plainArguments(event) {
  if (event.type === "message") return [event.data, typeof event.data !== "string"];
  if (event.type === "close") return [event.code, event.reason];
  if (event.type === "error") return [event.error];
  return [];
}

for (const [name, value] of Object.entries({ CONNECTING, OPEN, CLOSING, CLOSED })) {
  for (const place of [WebSocket, WebSocket.prototype]) Object.defineProperty(place, name, { value, enumerable: true });
}
handlerAttributes(WebSocket.prototype, ["onopen", "onmessage", "onerror", "onclose"]);

function socketAddress(url) {
  let parsed;
  try {
    parsed = new URL(url, P.node ? undefined : P.window.location.href);
  } catch {
    throw new DOMException(`Failed to construct 'WebSocket': The URL '${url}' is invalid.`, "SyntaxError");
  }
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw new DOMException(`Failed to construct 'WebSocket': The URL's scheme must be either 'http', 'https', 'ws', or 'wss'. '${parsed.protocol.slice(0, -1)}' is not allowed.`, "SyntaxError");
  }
  if (parsed.hash !== "") {
    throw new DOMException(`Failed to construct 'WebSocket': The URL contains a fragment identifier ('${parsed.hash.slice(1)}'). Fragment identifiers are not allowed in WebSocket URLs.`, "SyntaxError");
  }
  return parsed.href;
}

// --- what the network says ----------------------------------------------------------------------

function socketOpened(number, protocol) {
  const socket = P.sockets.get(number);
  if (socket === undefined || socket.readyState !== CONNECTING) return;
  socket.readyState = OPEN;
  socket.protocol = protocol;
  fire(socket, new Event("open"));
}

function socketMessage(number, data, binary) {
  const socket = P.sockets.get(number);
  if (socket === undefined || (socket.readyState !== OPEN && socket.readyState !== CLOSING)) return;
  if (!P.node && socket.readyState === CLOSING) return; // WHATWG: only while open
  let given = data;
  if (binary) {
    const bytes = fromLatin1(data);
    given = socket.binaryType === "blob" ? new Blob([bytes]) : socket.binaryType === "arraybuffer" ? bytes.buffer : bytes;
  }
  fire(socket, new MessageEvent("message", { data: given, origin: new URL(socket.url).origin }));
}

function socketClosing(number) {
  const socket = P.sockets.get(number);
  if (socket !== undefined && socket.readyState !== CLOSED) socket.readyState = CLOSING;
}

function socketEnded(number, code, reason, clean, failed) {
  const socket = P.sockets.get(number);
  if (socket === undefined || socket.readyState === CLOSED) return;
  P.sockets.delete(number);
  socket.readyState = P.node && failed ? CLOSING : CLOSED;
  const close = () => {
    socket.readyState = CLOSED;
    fire(socket, new CloseEvent("close", { code, reason, wasClean: clean }));
  };
  if (!failed) { close(); return; }
  const error = new Error(reason || "WebSocket connection failed");
  later(close);
  fire(socket, P.node ? new ErrorEvent("error", { message: error.message, error }) : new Event("error"));
}
