// Bytes: TextEncoder and TextDecoder (UTF-8 only), Blob, Node's Buffer as far as clients use it,
// structuredClone.

function utf8(text) {
  const bytes = [];
  for (const character of text) {
    let c = character.codePointAt(0);
    if (c >= 0xd800 && c <= 0xdfff) c = 0xfffd; // a lone surrogate
    if (c < 0x80) bytes.push(c);
    else if (c < 0x800) bytes.push(0xc0 | (c >> 6), 0x80 | (c & 63));
    else if (c < 0x10000) bytes.push(0xe0 | (c >> 12), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
    else bytes.push(0xf0 | (c >> 18), 0x80 | ((c >> 12) & 63), 0x80 | ((c >> 6) & 63), 0x80 | (c & 63));
  }
  return bytes;
}

// Of a text in UTF-8.
function byteLength(text) {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 0x80) continue;
    length += c < 0x800 ? 1 : 2;
    if (c >= 0xd800 && c <= 0xdbff && i + 1 < text.length && text.charCodeAt(i + 1) >> 10 === 0x37) { length -= 1; i++; }
  }
  return length;
}

class TextEncoder {
  get encoding() { return "utf-8"; }
  encode(text = "") { return new Uint8Array(utf8(String(text))); }
  encodeInto(text, target) {
    let read = 0, written = 0;
    for (const character of String(text)) {
      const bytes = utf8(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}
tagged(TextEncoder);

// The ranges of the second byte that the first allows (WHATWG Encoding, "UTF-8 decoder").
function ofFirst(byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return [1, 0x80, 0xbf, byte & 0x1f];
  if (byte >= 0xe0 && byte <= 0xef) return [2, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf, byte & 0xf];
  if (byte >= 0xf0 && byte <= 0xf4) return [3, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf, byte & 0x7];
  return null;
}

class TextDecoder {
  constructor(label = "utf-8", options = {}) {
    if (!/^\s*(?:unicode-1-1-utf-8|utf-?8)\s*$/i.test(label)) {
      throw new RangeError(`Failed to construct 'TextDecoder': The encoding label provided ('${label}') is invalid.`);
    }
    this[IN] = { fatal: Boolean(options.fatal), ignoreBOM: Boolean(options.ignoreBOM), kept: [], begun: false };
  }
  get encoding() { return "utf-8"; }
  get fatal() { return this[IN].fatal; }
  get ignoreBOM() { return this[IN].ignoreBOM; }
  decode(given, options = {}) {
    const inside = this[IN];
    const fresh = given === undefined ? [] : bytesOf(given);
    const bytes = inside.kept.length > 0 ? [...inside.kept, ...fresh] : fresh;
    inside.kept = [];
    let text = "", i = 0;
    const wrong = () => {
      if (inside.fatal) { inside.begun = false; throw new TypeError(P !== null && P.node ? "The encoded data was not valid for encoding utf-8" : "Failed to execute 'decode' on 'TextDecoder': The encoded data was not valid."); }
      text += "\ufffd";
    };
    while (i < bytes.length) {
      const first = bytes[i];
      if (first < 0x80) { text += String.fromCharCode(first); i++; continue; }
      const range = ofFirst(first);
      if (range === null) { i++; wrong(); continue; }
      let [more, low, high, c] = range;
      let at = i + 1;
      while (more > 0 && at < bytes.length && bytes[at] >= low && bytes[at] <= high) {
        c = (c << 6) | (bytes[at] & 63);
        low = 0x80; high = 0xbf;
        more--; at++;
      }
      if (more > 0 && at === bytes.length && options.stream) { inside.kept = Array.from(bytes.slice(i)); break; }
      if (more > 0) wrong();
      else text += String.fromCodePoint(c);
      i = at;
    }
    if (!inside.begun && !inside.ignoreBOM && text[0] === "\ufeff") text = text.slice(1);
    inside.begun = Boolean(options.stream) && (inside.begun || bytes.length > inside.kept.length);
    return text;
  }
}
tagged(TextDecoder);

function bytesOf(data) {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}
function toLatin1(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return text;
}
function fromLatin1(text, bytes = new Uint8Array(text.length)) {
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

class Blob {
  constructor(parts = [], options = {}) {
    const chunks = [...parts].map((part) =>
      part instanceof Blob ? part[IN].bytes
        : ArrayBuffer.isView(part) || part instanceof ArrayBuffer ? bytesOf(part) : utf8(String(part)));
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) { bytes.set(chunk, at); at += chunk.length; }
    this[IN] = { bytes, type: options.type === undefined ? "" : String(options.type).toLowerCase() };
  }
  get size() { return this[IN].bytes.length; }
  get type() { return this[IN].type; }
  async arrayBuffer() { return this[IN].bytes.slice().buffer; }
  async bytes() { return this[IN].bytes.slice(); }
  async text() { return new TextDecoder().decode(this[IN].bytes); }
  slice(start, end, type = "") { return new Blob([this[IN].bytes.slice(start, end)], { type }); }
}
tagged(Blob);

// What a browser without Blob.arrayBuffer() had, and some clients still use.
class FileReader extends EventTarget {
  constructor() { super(); Object.assign(this, { readyState: 0, result: null, error: null }); }
  read_(result) {
    this.readyState = 1;
    soon(() => {
      this.readyState = 2;
      this.result = result;
      later(() => fire(this, new Event("loadend")));
      fire(this, new Event("load"));
    });
  }
  readAsArrayBuffer(blob) { this.read_(blob[IN].bytes.slice().buffer); }
  readAsText(blob) { this.read_(new TextDecoder().decode(blob[IN].bytes)); }
  readAsDataURL(blob) { this.read_(`data:${blob.type || "application/octet-stream"};base64,${btoa(toLatin1(blob[IN].bytes))}`); }
  abort() {}
}
handlerAttributes(FileReader.prototype, ["onload", "onloadend", "onerror", "onabort", "onprogress", "onloadstart"]);

class Buffer extends Uint8Array {
  static from(given, coding = "utf8", length) {
    if (typeof given === "string") {
      if (/^utf-?8$/i.test(coding)) return Buffer.of(...utf8(given));
      const text = coding === "hex" ? given.replace(/../g, (hex) => String.fromCharCode(parseInt(hex, 16)))
        : /^base64/.test(coding) ? atob(given.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, "")) : given;
      return fromLatin1(text, new Buffer(text.length));
    }
    if (given instanceof ArrayBuffer) return new Buffer(given, coding === "utf8" ? 0 : coding, length);
    const bytes = new Buffer(given.length);
    bytes.set(given);
    return bytes;
  }
  static alloc(length, value = 0) { return new Buffer(length).fill(value); }
  static allocUnsafe(length) { return new Buffer(length); }
  static isBuffer(value) { return value instanceof Buffer; }
  static byteLength(given) { return typeof given === "string" ? byteLength(given) : given.byteLength; }
  static concat(list) {
    const whole = new Buffer(list.reduce((sum, one) => sum + one.length, 0));
    let at = 0;
    for (const one of list) { whole.set(one, at); at += one.length; }
    return whole;
  }
  toString(coding = "utf8", start = 0, end = this.length) {
    const bytes = this.subarray(start, end);
    if (/^utf-?8$/i.test(coding)) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    if (coding === "hex") return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return coding === "base64" ? btoa(toLatin1(bytes)) : toLatin1(bytes);
  }
  toJSON() { return { type: "Buffer", data: Array.from(this) }; }
  equals(other) { return this.length === other.length && this.every((byte, i) => byte === other[i]); }
}

function structuredClone(value, options, seen = new Map()) {
  if (typeof value === "function" || typeof value === "symbol") throw new DOMException(`${String(value)} could not be cloned.`, "DataCloneError");
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  const keep = (copy) => { seen.set(value, copy); return copy; };
  const again = (part) => structuredClone(part, undefined, seen);
  if (value instanceof RealDate) return keep(new RealDate(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) {
    const buffer = again(value.buffer);
    const type = value instanceof Buffer ? Uint8Array : value.constructor;
    return keep(new type(buffer, value.byteOffset, value instanceof DataView ? value.byteLength : value.length));
  }
  if (value instanceof Blob) return keep(value.slice(0, value.size, value.type));
  if (value instanceof Map) { const copy = keep(new Map()); for (const [k, v] of [...value]) copy.set(again(k), again(v)); return copy; }
  if (value instanceof Set) { const copy = keep(new Set()); for (const v of [...value]) copy.add(again(v)); return copy; }
  for (const type of [Boolean, Number, String, BigInt]) if (value instanceof type) return keep(Object(value.valueOf()));
  if (value instanceof Error) {
    const type = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }[value.name] || Error;
    const copy = keep(new type(value.message));
    if ("cause" in value) copy.cause = again(value.cause);
    return copy;
  }
  if (value instanceof EventTarget || value instanceof Event || value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet) {
    throw new DOMException(`${Object.prototype.toString.call(value)} could not be cloned.`, "DataCloneError");
  }
  const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const name of Object.keys(value)) copy[name] = again(value[name]);
  return copy;
}
