// Addresses: URL (WHATWG URL, for the special schemes and opaque paths) and URLSearchParams.
//
// Simplifications: hosts are not converted to punycode, IPv6 addresses are not shortened, and
// schemes other than http, https, ws, wss and ftp have an opaque path. None of it changes whom a
// client connects to here.

const PORTS = { "ws:": "80", "http:": "80", "wss:": "443", "https:": "443", "ftp:": "21" };
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const REST = /^(?:([^\/?#]*)@)?(\[[^\]\/?#]*\]|[^:\/?#@]*)(?::(\d*))?(?=[\/?#]|$)([^?#]*)(\?[^#]*)?(#.*)?$/s;
const HOST_BAD = /[\0-\x20"#%/:<>?@[\\\]^`{|}\x7f]/;

// Percent-encodes what is below 0x21, above 0x7e or in `more`.
function percent(text, more) {
  let coded = "";
  for (const character of text) {
    const c = character.codePointAt(0);
    if (c > 0x20 && c < 0x7f && !more.includes(character)) coded += character;
    else for (const byte of utf8(character)) coded += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return coded;
}
const IN_FRAGMENT = '"<>`';
const IN_QUERY = '"#<>\'';
const IN_PATH = '"#<>?`{}^';
const IN_USER = `${IN_PATH}/:;=@[\\]|`;

function plain(text) {
  text = text.replace(/\+/g, " ");
  if (!text.includes("%")) return text;
  const bytes = [];
  const from = utf8(text);
  for (let i = 0; i < from.length; i++) {
    const hex = from[i] === 0x25 ? String.fromCharCode(from[i + 1], from[i + 2]) : "";
    if (/^[0-9a-f]{2}$/i.test(hex)) { bytes.push(parseInt(hex, 16)); i += 2; } else bytes.push(from[i]);
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
}
function coded(text) {
  return percent(text, "!\"#$%&'()+,/:;<=>?@[\\]^`{|}~").replace(/%20/g, "+");
}

class URLSearchParams {
  constructor(init = "") {
    this[IN] = { pairs: [], changed: null };
    const pairs = this[IN].pairs;
    if (typeof init === "object" && init !== null) {
      const entries = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
      for (const entry of entries) {
        const pair = [...entry];
        if (pair.length !== 2) throw new TypeError("Each query pair must be an iterable [name, value] tuple");
        pairs.push([String(pair[0]), String(pair[1])]);
      }
    } else {
      this[IN].pairs = pairsOf(String(init).replace(/^\?/, ""));
    }
  }
  get size() { return this[IN].pairs.length; }
  append(name, value) { this[IN].pairs.push([String(name), String(value)]); changed(this); }
  delete(name, value) {
    const inside = this[IN];
    inside.pairs = inside.pairs.filter((pair) => pair[0] !== String(name) || (value !== undefined && pair[1] !== String(value)));
    changed(this);
  }
  get(name) { const found = this[IN].pairs.find((pair) => pair[0] === String(name)); return found ? found[1] : null; }
  getAll(name) { return this[IN].pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]); }
  has(name, value) {
    return this[IN].pairs.some((pair) => pair[0] === String(name) && (value === undefined || pair[1] === String(value)));
  }
  set(name, value) {
    const inside = this[IN];
    name = String(name);
    const at = inside.pairs.findIndex((pair) => pair[0] === name);
    if (at < 0) inside.pairs.push([name, String(value)]);
    else {
      inside.pairs = inside.pairs.filter((pair, i) => i <= at || pair[0] !== name);
      inside.pairs[at] = [name, String(value)];
    }
    changed(this);
  }
  sort() { this[IN].pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0)); changed(this); }
  forEach(call, self) { for (const [name, value] of this[IN].pairs) call.call(self, value, name, this); }
  *keys() { for (const pair of this[IN].pairs) yield pair[0]; }
  *values() { for (const pair of this[IN].pairs) yield pair[1]; }
  *entries() { for (const pair of this[IN].pairs) yield [...pair]; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return this[IN].pairs.map(([name, value]) => `${coded(name)}=${coded(value)}`).join("&"); }
}
tagged(URLSearchParams);

function pairsOf(query) {
  return query.split("&").filter((part) => part !== "").map((part) => {
    const at = part.indexOf("=");
    return at < 0 ? [plain(part), ""] : [plain(part.slice(0, at)), plain(part.slice(at + 1))];
  });
}
function changed(params) { if (params[IN].changed !== null) params[IN].changed(); }

class URL {
  constructor(address, base) {
    const parts = parsed(String(address), base === undefined ? undefined : parsed(String(base), undefined));
    if (parts === null) throw invalid(address);
    this[IN] = parts;
  }
  static canParse(address, base) { try { new URL(address, base); return true; } catch { return false; } }
  static parse(address, base) { try { return new URL(address, base); } catch { return null; } }
  get href() { return hrefOf(this[IN]); }
  set href(text) {
    const parts = parsed(String(text), undefined);
    if (parts === null) throw invalid(text);
    Object.assign(this[IN], { ...parts, params: this[IN].params });
    readParams(this[IN]);
  }
  get origin() { return PORTS[this[IN].protocol] === undefined ? "null" : `${this[IN].protocol}//${this.host}`; }
  get protocol() { return this[IN].protocol; }
  set protocol(text) {
    const found = SCHEME.exec(`${text}:`);
    if (found === null) return;
    const protocol = `${found[1].toLowerCase()}:`;
    if ((PORTS[protocol] === undefined) !== (PORTS[this[IN].protocol] === undefined)) return;
    this[IN].protocol = protocol;
    if (this[IN].port === PORTS[protocol]) this[IN].port = "";
  }
  get username() { return this[IN].username; }
  set username(text) { this[IN].username = percent(String(text), IN_USER); }
  get password() { return this[IN].password; }
  set password(text) { this[IN].password = percent(String(text), IN_USER); }
  get host() { return this[IN].hostname + (this[IN].port === "" ? "" : `:${this[IN].port}`); }
  set host(text) {
    const found = /^(\[[^\]]*\]|[^:\/?#]*)(?::(\d*))?/.exec(String(text));
    const hostname = hostOf(found[1]);
    if (hostname === null) return;
    this[IN].hostname = hostname;
    if (found[2] !== undefined && found[2] !== "") this.port = found[2];
  }
  get hostname() { return this[IN].hostname; }
  set hostname(text) { const hostname = hostOf(String(text)); if (hostname !== null) this[IN].hostname = hostname; }
  get port() { return this[IN].port; }
  set port(text) {
    text = String(text);
    if (text === "") { this[IN].port = ""; return; }
    const digits = /^\d+/.exec(text);
    if (digits === null || Number(digits[0]) > 65535) return;
    const port = String(Number(digits[0]));
    this[IN].port = port === PORTS[this[IN].protocol] ? "" : port;
  }
  get pathname() { return this[IN].pathname; }
  set pathname(text) { if (!this[IN].opaque) this[IN].pathname = pathOf(String(text)); }
  get search() { return shown(this[IN].query); }
  set search(text) {
    text = String(text);
    if (text === "?" && !P.node) text = ""; // as Chromium does
    this[IN].query = text === "" ? "" : `?${percent(text.replace(/^\?/, ""), IN_QUERY)}`;
    readParams(this[IN]);
  }
  get hash() { return shown(this[IN].hash); }
  set hash(text) {
    text = String(text);
    this[IN].hash = text === "" ? "" : `#${percent(text.replace(/^#/, ""), IN_FRAGMENT)}`;
  }
  get searchParams() {
    const parts = this[IN];
    if (parts.params === null) {
      parts.params = new URLSearchParams(parts.query);
      parts.params[IN].changed = () => { const text = String(parts.params); parts.query = text && `?${text}`; };
    }
    return parts.params;
  }
  toString() { return this.href; }
  toJSON() { return this.href; }
}
for (const name of ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "searchParams", "hash"]) {
  Object.defineProperty(URL.prototype, name, { enumerable: true });
}
tagged(URL);

function invalid(address) {
  const error = new TypeError(P !== null && !P.node ? `Failed to construct 'URL': Invalid URL` : "Invalid URL");
  if (P === null || P.node) Object.assign(error, { code: "ERR_INVALID_URL", input: String(address) });
  return error;
}
function readParams(parts) { if (parts.params !== null) parts.params[IN].pairs = pairsOf(parts.query.slice(1)); }

function hrefOf(parts) {
  if (parts.opaque) return `${parts.protocol}${parts.pathname}${parts.query}${parts.hash}`;
  const password = parts.password === "" ? "" : `:${parts.password}`;
  const user = parts.username === "" && password === "" ? "" : `${parts.username}${password}@`;
  const port = parts.port === "" ? "" : `:${parts.port}`;
  return `${parts.protocol}//${user}${parts.hostname}${port}${parts.pathname}${parts.query}${parts.hash}`;
}

// The parts of an address, or null.
function parsed(given, base) {
  if (base === null) return null;
  const text = given.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
  const scheme = SCHEME.exec(text);
  if (scheme === null) return base === undefined || base.opaque ? null : relative(text.replace(/\\/g, turned), base);
  const protocol = `${scheme[1].toLowerCase()}:`;
  let rest = text.slice(scheme[0].length);
  if (PORTS[protocol] === undefined) {
    const found = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(rest);
    return {
      protocol, opaque: true, username: "", password: "", hostname: "", port: "", params: null,
      pathname: found[1], query: tail(found[2], IN_QUERY.replace("'", "")), hash: tail(found[3], IN_FRAGMENT),
    };
  }
  rest = rest.replace(/^[^?#]*/, (path) => path.replace(/\\/g, "/"));
  if (base !== undefined && base.protocol === protocol && !rest.startsWith("/")) return relative(rest, base);
  return authority(protocol, rest.replace(/^\/*/, ""));
}
function turned() { return "/"; }

function authority(protocol, rest) {
  const end = /[\/?#]/.exec(rest);
  const whole = end === null ? rest : rest.slice(0, end.index);
  const at = whole.lastIndexOf("@");
  const user = at < 0 ? "" : whole.slice(0, at);
  const found = REST.exec(at < 0 ? rest : rest.slice(at + 1));
  if (found === null) return null;
  const hostname = hostOf(found[2]);
  if (hostname === null || Number(found[3] || 0) > 65535) return null;
  const port = found[3] === undefined || found[3] === "" ? "" : String(Number(found[3]));
  const colon = user.indexOf(":");
  return {
    protocol,
    opaque: false,
    username: percent(colon < 0 ? user : user.slice(0, colon), IN_USER),
    password: colon < 0 ? "" : percent(user.slice(colon + 1), IN_USER),
    hostname,
    port: port === PORTS[protocol] ? "" : port,
    pathname: pathOf(found[4]),
    query: tail(found[5], IN_QUERY),
    hash: tail(found[6], IN_FRAGMENT),
    params: null,
  };
}

function shown(part) { return part.length < 2 ? "" : part; }
function tail(text, more) {
  return text === undefined ? "" : text[0] + percent(text.slice(1), more);
}

function hostOf(text) {
  if (/^\[[0-9a-f:.]+\]$/i.test(text)) return text.toLowerCase();
  let host = text;
  try { host = decodeURIComponent(text); } catch { return null; }
  host = host.toLowerCase();
  if (host === "" || HOST_BAD.test(host)) return null;
  const last = host.split(".").filter((part) => part !== "").pop();
  return last !== undefined && /^(?:\d+|0x[0-9a-f]*)$/.test(last) ? numbered(host) : host;
}

// A host that ends in a number is an IPv4 address, however it is written.
function numbered(host) {
  const parts = host.replace(/\.$/, "").split(".");
  if (parts.length > 4) return null;
  const numbers = parts.map((part) => (part === "" ? NaN : /^0x/.test(part) ? (part === "0x" ? 0 : Number(part)) : /^0\d/.test(part) ? (/^[0-7]+$/.test(part) ? parseInt(part, 8) : NaN) : /^\d+$/.test(part) ? Number(part) : NaN));
  const last = numbers.pop();
  if (![...numbers, last].every((n) => n >= 0) || numbers.some((n) => n > 255) || last >= 256 ** (4 - numbers.length)) return null;
  let value = last;
  numbers.forEach((n, i) => { value += n * 256 ** (3 - i); });
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

function relative(text, base) {
  if (text.startsWith("//")) return authority(base.protocol, text.replace(/^\/*/, ""));
  const found = /^([^?#]*)(\?[^#]*)?(#.*)?$/s.exec(text);
  const parts = { ...base, params: null, hash: tail(found[3], IN_FRAGMENT) };
  if (found[1] !== "") {
    parts.pathname = pathOf(found[1][0] === "/" ? found[1] : base.pathname.replace(/[^/]*$/, "") + found[1]);
    parts.query = "";
  }
  if (found[1] !== "" || found[2] !== undefined) parts.query = tail(found[2], IN_QUERY);
  return parts;
}

function pathOf(text) {
  const kept = [""];
  const path = text.replace(/\\/g, "/");
  const parts = (path[0] === "/" ? path.slice(1) : path).split("/");
  parts.forEach((part, i) => {
    const last = i === parts.length - 1;
    const dots = part.replace(/%2e/gi, ".");
    if (dots === "..") { if (kept.length > 1) kept.pop(); if (last) kept.push(""); }
    else if (dots === ".") { if (last) kept.push(""); }
    else kept.push(percent(part, P !== null && P.node ? IN_PATH : `${IN_PATH}|`)); // as Chromium does
  });
  return kept.length === 1 ? "/" : kept.join("/");
}
