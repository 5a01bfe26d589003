// Texts and bytes: URL (WHATWG URL, what ws: and http: addresses need of it), URLSearchParams,
// TextEncoder and TextDecoder (UTF-8 only), Blob, structuredClone, base64.
//
// Simplifications: hosts are not converted to punycode, and paths are not normalised beyond "." and
// "..". Neither changes whom a client connects to here.

const PORTS = { "ws:": "80", "http:": "80", "wss:": "443", "https:": "443", "ftp:": "21" };
const ADDRESS = /^([a-z][a-z0-9+.-]*:)\/\/(?:([^@\/?#]*)@)?(\[[^\]]*\]|[^:\/?#]*)(?::(\d*))?([^?#]*)(\?[^#]*)?(#.*)?$/i;

class URLSearchParams {
  constructor(init = "") {
    this.pairs = [];
    this.changed = () => {};
    if (typeof init === "object" && init !== null) {
      const entries = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
      for (const [name, value] of entries) this.pairs.push([String(name), String(value)]);
    } else {
      for (const part of String(init).replace(/^\?/, "").split("&")) {
        if (part === "") continue;
        const at = part.indexOf("=");
        const [name, value] = at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
        this.pairs.push([plain(name), plain(value)]);
      }
    }
  }
  get size() { return this.pairs.length; }
  append(name, value) { this.pairs.push([String(name), String(value)]); this.changed(); }
  delete(name) { this.pairs = this.pairs.filter((pair) => pair[0] !== name); this.changed(); }
  get(name) { const found = this.pairs.find((pair) => pair[0] === name); return found ? found[1] : null; }
  getAll(name) { return this.pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]); }
  has(name) { return this.pairs.some((pair) => pair[0] === name); }
  set(name, value) {
    const at = this.pairs.findIndex((pair) => pair[0] === name);
    if (at < 0) this.pairs.push([String(name), String(value)]);
    else this.pairs = this.pairs.filter((pair, i) => i <= at || pair[0] !== name), this.pairs[at][1] = String(value);
    this.changed();
  }
  sort() { this.pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)); this.changed(); }
  forEach(call, self) { for (const [name, value] of this.pairs) call.call(self, value, name, this); }
  keys() { return this.pairs.map((pair) => pair[0])[Symbol.iterator](); }
  values() { return this.pairs.map((pair) => pair[1])[Symbol.iterator](); }
  entries() { return this.pairs.map((pair) => [...pair])[Symbol.iterator](); }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this.pairs.map(([name, value]) => `${coded(name)}=${coded(value)}`).join("&"); }
}

function plain(text) {
  text = text.replace(/\+/g, " ");
  try { return decodeURIComponent(text); } catch { return text; }
}
function coded(text) {
  return encodeURIComponent(text).replace(/%20/g, "+").replace(/[!'()~]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
}

class URL {
  constructor(address, base) {
    let text = String(address).trim();
    let found = ADDRESS.exec(text);
    if (found === null && base !== undefined) {
      text = resolved(text, new URL(base));
      found = ADDRESS.exec(text);
    }
    if (found === null || found[3] === "") throw new TypeError(`Invalid URL: ${text}`);
    this.protocol = found[1].toLowerCase();
    const [user, password] = (found[2] || "").split(":");
    this.username = user;
    this.password = password === undefined ? "" : password;
    this.hostname = found[3].toLowerCase();
    this.port = found[4] === undefined || found[4] === PORTS[this.protocol] ? "" : String(Number(found[4]));
    if (Number(this.port) > 65535) throw new TypeError(`Invalid URL: ${text}`);
    this.pathname = withoutDots(escaped(found[5] || "/"));
    this.searchParams = new URLSearchParams(found[6] || "");
    this.query = !found[6] || found[6] === "?" ? "" : escaped(found[6]);
    this.searchParams.changed = () => { const q = this.searchParams.toString(); this.query = q ? `?${q}` : ""; };
    this.hash = !found[7] || found[7] === "#" ? "" : escaped(found[7]);
  }
  static canParse(address, base) { try { new URL(address, base); return true; } catch { return false; } }
  get search() { return this.query; }
  set search(text) {
    text = String(text);
    this.query = text === "" || text[0] === "?" ? escaped(text) : `?${escaped(text)}`;
    this.searchParams.pairs = new URLSearchParams(this.query).pairs;
  }
  get host() { return this.port === "" ? this.hostname : `${this.hostname}:${this.port}`; }
  get origin() { return `${this.protocol}//${this.host}`; }
  get href() {
    const password = this.password === "" ? "" : `:${this.password}`;
    const user = this.username === "" ? "" : `${this.username}${password}@`;
    return `${this.protocol}//${user}${this.host}${this.pathname}${this.query}${this.hash}`;
  }
  toString() { return this.href; }
  toJSON() { return this.href; }
}

function resolved(text, base) {
  if (text.startsWith("//")) return base.protocol + text;
  if (text.startsWith("/")) return base.origin + text;
  if (text.startsWith("?")) return base.origin + base.pathname + text;
  if (text.startsWith("#")) return base.origin + base.pathname + base.search + text;
  return base.origin + base.pathname.replace(/[^/]*$/, "") + text;
}
function escaped(text) { return encodeURI(text).replace(/%25([0-9a-f]{2})/gi, "%$1").replace(/%5[BD]/g, decodeURIComponent); }
function withoutDots(path) {
  const kept = [];
  const parts = path.split("/");
  parts.forEach((part, i) => {
    const last = i === parts.length - 1;
    if (part === "..") { if (kept.length > 1) kept.pop(); if (last) kept.push(""); }
    else if (part === ".") { if (last) kept.push(""); }
    else kept.push(part);
  });
  return kept.join("/");
}

// --- bytes --------------------------------------------------------------------------------------

class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") {
    const bytes = [];
    for (const character of String(text)) {
      let c = character.codePointAt(0);
      if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd; // a lone surrogate
      if (c < 0x80) bytes.push(c);
      else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
      else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
      else bytes.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    }
    return new Uint8Array(bytes);
  }
  encodeInto(text, target) {
    const bytes = this.encode(text).subarray(0, target.length);
    target.set(bytes);
    return { read: text.length, written: bytes.length };
  }
}

class TextDecoder {
  constructor(label = "utf-8", options = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`The "${label}" encoding is not supported`);
    this.encoding = "utf-8";
    this.fatal = Boolean(options.fatal);
  }
  decode(given) {
    const bytes = given === undefined ? new Uint8Array(0) : bytesOf(given);
    let text = "";
    for (let i = 0; i < bytes.length; ) {
      const first = bytes[i++];
      const more = first < 0x80 ? 0 : first >> 5 === 6 ? 1 : first >> 4 === 14 ? 2 : first >> 3 === 30 ? 3 : -1;
      let c = more < 0 ? -1 : more === 0 ? first : first & (0x3f >> more);
      for (let n = 0; n < more && c >= 0; n++) {
        if (i < bytes.length && bytes[i] >> 6 === 2) c = (c << 6) | (bytes[i++] & 63);
        else c = -1;
      }
      if (c < 0 && this.fatal) throw new TypeError("The encoded data was not valid.");
      text += String.fromCodePoint(c < 0 ? 0xfffd : c);
    }
    return text;
  }
}

function bytesOf(data) {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}
function toLatin1(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
function fromLatin1(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

class Blob {
  constructor(parts = [], options = {}) {
    const encoder = new TextEncoder();
    const chunks = parts.map((part) =>
      part instanceof Blob ? part.bytes_ : typeof part === "string" ? encoder.encode(part) : bytesOf(part));
    this.bytes_ = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) { this.bytes_.set(chunk, at); at += chunk.length; }
    this.type = options.type === undefined ? "" : options.type;
  }
  get size() { return this.bytes_.length; }
  async arrayBuffer() { return this.bytes_.slice().buffer; }
  async text() { return new TextDecoder().decode(this.bytes_); }
  slice(start, end) { return new Blob([this.bytes_.slice(start, end)]); }
}

function structuredClone(value, seen = new Map()) {
  if (typeof value === "function" || typeof value === "symbol") throw new DOMException("it could not be cloned", "DataCloneError");
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => { seen.set(value, copy); return copy; };
  if (value instanceof RealDate) return keep(new DateProxy(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) return keep(value.slice());
  if (value instanceof Map) { const copy = keep(new Map()); for (const [k, v] of value) copy.set(structuredClone(k, seen), structuredClone(v, seen)); return copy; }
  if (value instanceof Set) { const copy = keep(new Set()); for (const v of value) copy.add(structuredClone(v, seen)); return copy; }
  if (value instanceof Error) { const copy = keep(new value.constructor(value.message)); return copy; }
  const copy = keep(Array.isArray(value) ? [] : {});
  for (const name of Object.keys(value)) copy[name] = structuredClone(value[name], seen);
  return copy;
}
