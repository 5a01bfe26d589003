"""Addresses and bytes of the platform, against Node's own where Node is installed."""

import json
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., Any]

URLS = [
    ("ws://example.org", None),
    ("WSS://EXAMPLE.org:443/", None),
    ("ws://example.org:80/a/../b/./c?x=1#f", None),
    ("wss://user:pa%20ss@host.example:8443/p%41th?q=ä b#ü", None),
    ("http://host?x", None),
    ("https://host#", None),
    ("ws://[::1]:9001/x", None),
    ("ws://127.0.0.1:0/", None),
    ("ws://0x7f.1/", None),
    ("ws://256.1.1.1/", None),
    ("ws:host/path", None),
    ("ws:\\\\host\\path", None),
    ("  ws://host/\n x\t ", None),
    ("ws://host:99999/", None),
    ("ws://", None),
    ("ws:///x", None),
    ("ws://ho st/", None),
    ("ws://ho%20st/", None),
    ("ws://a%41b/", None),
    ("bad", None),
    ("", None),
    ("//h/p", None),
    ("http://h/%7Efoo/ü?%zz&a='\"<>", None),
    ("mailto:a@b.c?x#y", None),
    ("data:text/plain,hi there", None),
    ("http://h/a/%2e%2E/b/..", None),
    ("http://h/a//b/", None),
    ("ftp://h:21/", None),
    ("http://h:/x", None),
    ("http://@h/x", None),
    ("http://u@h/x", None),
    ("http://u:@h/x", None),
    ("http://h/?#", None),
    ("x", "http://h/a/b?q#f"),
    ("/x", "http://h/a/b?q#f"),
    ("?y", "http://h/a/b?q#f"),
    ("#z", "http://h/a/b?q#f"),
    ("", "http://h/a/b?q#f"),
    ("../c/./d", "http://h/a/b/e"),
    ("//o:8/p", "https://u:p@h:9/"),
    ("https:x", "https://h/a/b"),
    ("ws://o/", "http://h/"),
    ("\\x\\y", "http://h/a/b"),
    ("x", "mailto:a"),
    ("x", "bad"),
    ("?a=b c", "ws://h/p"),
    ('http://h/{}|`<>"', None),
    ("http://h?{}|^`<>\"'", None),
    ("http://h#{}|^`<>\"'", None),
    ("http://1.2.3.4.5/", None),
    ("http://a_b-c.d/", None),
    ("http://h./", None),
    ("http://a@b@c/", None),
    ("http://h:8 0/", None),
    ("http://h/a\\b", None),
]
PARAMS = [
    "a=1&b=2&a=3",
    "?x=%20+y&&=&z",
    "a=%E4%BD%A0&b=%zz&c=%f",
    "a=b=c&d",
    "ä=ö&q=*-._~!'()&amp;=%26",
    "a+b=c%2Bd",
]
TEXTS = [
    "",
    "abc",
    "äöü€",
    "😀x",
    "\ud83d",
    "\ude00\ud83d",
    "a\ud83dz",
    "\0\x7f\u0080\u07ff\u0800\uffff",
]
BYTES = [
    [],
    [0x41],
    [0xC3, 0xA4],
    [0xC3],
    [0xC3, 0x41],
    [0xE2, 0x82, 0xAC],
    [0xE2, 0x82],
    [0xE2, 0x28, 0xA1],
    [0xF0, 0x9F, 0x98, 0x80],
    [0xF0, 0x9F, 0x98],
    [0xED, 0xA0, 0x80],
    [0xC0, 0x80],
    [0xF5, 0x80, 0x80, 0x80],
    [0xFF, 0xFE],
    [0xEF, 0xBB, 0xBF, 0x41],
    [0x80, 0xBF],
    [0xF4, 0x90, 0x80, 0x80],
    [0xE0, 0x80, 0x80],
    [0xF0, 0x80, 0x80, 0x80],
    [0x41, 0xF0, 0x9F, 0x41],
]
COMPARED = """
(() => {
  const read = (u) => ["href", "origin", "protocol", "username", "password", "host", "hostname",
    "port", "pathname", "search", "hash"].map((n) => u[n]);
  const tried = (f) => { try { return f(); } catch (e) { return e.name; } };
  const table = %s, params = %s, texts = %s, bytes = %s;
  const urls = table.map(([u, b]) => tried(() => read(b === null ? new URL(u) : new URL(u, b))));
  const searches = params.map((p) => { const s = new URLSearchParams(p);
    return [String(s), [...s], s.get("a"), s.getAll("a"), s.has("zz"), s.size]; });
  const s = new URLSearchParams({ b: 1, a: "x y" }); s.append("c", 2); s.set("b", 3);
    s.append("a", "z"); s.sort(); s.delete("c");
  const t = new URLSearchParams([["a", "1"], ["a", "2"], ["b", "3"]]); t.set("a", "9");
    t.delete("b", "4");
  const u = new URL("http://u:p@h:80/a?b#c");
  const set = [];
  for (const [n, v] of [["protocol", "wss"], ["protocol", "mailto"], ["host", "o.example:90"],
    ["hostname", "X"], ["port", "443"], ["port", "8x"], ["port", "bad"], ["port", ""],
      ["pathname", "q/../r s"], ["search", "k=v w"], ["search", "?"], ["search", ""], ["hash",
        "#h h"], ["hash", ""], ["username", "a b"], ["password", ""], ["href", "ws://n/m"]]) {
        u[n] = v; set.push([n, v, u.href]); }
  u.searchParams.append("a", "b c"); set.push(u.href); u.search = "z=1";
    set.push([...u.searchParams]); u.searchParams.delete("z"); set.push(u.href);
  set.push(tried(() => { u.href = "bad"; }), u.href, JSON.stringify({
    u }), URL.canParse("x"), URL.canParse("x", "ws://h"),
    tried(() => new URLSearchParams([["a"]])));
  const encoder = new TextEncoder();
  const encoded = texts.map((text) => Array.from(encoder.encode(text)));
  const into = texts.map((text) => { const a = new Uint8Array(3);
    return [encoder.encodeInto(text, a), Array.from(a)]; });
  const decoded = bytes.map((b) => { const d = new Uint8Array(b);
    return [new TextDecoder().decode(d), tried(() => new TextDecoder("utf-8", {
    fatal: true }).decode(d)), new TextDecoder("utf8", { ignoreBOM: true }).decode(d)]; });
  const streams = bytes.map((b) => { const d = new TextDecoder(); let text = "";
    for (const one of b) text += d.decode(new Uint8Array([one]), { stream: true });
    return text + d.decode(); });
  const base = texts.map((text) => tried(() => btoa(text)));
  return { urls, searches, more: [String(s), String(t)], set, encoded, into, decoded, streams,
    base,
    buffer: tried(() => atob("@")), label: tried(() => new TextDecoder("latin7")) };
})()
"""


def test_addresses_and_bytes_are_as_in_node(value: Make) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    expression = COMPARED % tuple(json.dumps(each) for each in (URLS, PARAMS, TEXTS, BYTES))
    printed = subprocess.run(
        [node, "-p", f"JSON.stringify({expression})"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    ).stdout
    real, ours = json.loads(printed), value(expression, profile="node")
    for (url, base), expected, found in zip(URLS, real["urls"], ours["urls"], strict=True):
        assert found == expected, (url, base)
    assert list(ours) == list(real)
    for name, expected in real.items():
        assert ours[name] == expected, name


def test_an_address_and_its_query_are_written_together(value: Make) -> None:
    found = value("""(() => { const u = new URL("/s?a=1", "wss://h:443/x");
      u.searchParams.set("t", "ä"); u.pathname = "q";
      return [u.href, u.search, String(u), u.origin]; })()""")
    assert found == ["wss://h/q?a=1&t=%C3%A4", "?a=1&t=%C3%A4", "wss://h/q?a=1&t=%C3%A4", "wss://h"]


def test_a_blob_holds_bytes(lab: Make) -> None:
    ran = lab("""
    const blob = new Blob(["ä", new Uint8Array([66]), new Uint8Array([1, 2, 67]).subarray(2),
      new Blob(["!"])], { type: "Text/Plain" });
    say(blob.size, blob.type, blob.slice(2, 3).size);
    blob.text().then(say);
      blob.arrayBuffer().then((b) => say(b instanceof ArrayBuffer, b.byteLength));
      blob.slice(2).text().then(say);
    const reader = new FileReader(); reader.onload = () => say("read", reader.result);
      reader.readAsText(blob);""").run()
    assert ran.said == ["5 text/plain 1", "äBC!", "true 5", "BC!", "read äBC!"]
    assert ran.errors == []


def test_a_clone_is_deep_and_keeps_what_can_be_cloned(value: Make, lab: Make) -> None:
    found = value("""(() => {
      const a = { d: new Date(5), m: new Map([[1, {
        x: [1, , 3] }]]), s: new Set(["q"]), r: /x/gi, b: new Uint8Array([1, 2, 3]).subarray(1),
        e: new RangeError("no"), n: null, u: undefined };
      a.self = a; const c = structuredClone(a);
      return [c !== a, c.self === c, c.d.getTime(), c.d instanceof Date, c.m.get(1).x.length,
        c.s.has("q"), String(c.r), Array.from(c.b), c.e.name, c.e instanceof RangeError, c.n,
        "u" in c];
    })()""")
    assert found == [True, True, 5, True, 3, True, "/x/gi", [2, 3], "RangeError", True, None, True]
    ran = lab(
        """attempt(() => structuredClone(() => {})); attempt(() => structuredClone({
          p: Promise.resolve() })); attempt(() => structuredClone(Symbol()))"""
    ).run()
    assert ran.said == ["threw DataCloneError"] * 3


def test_nodes_buffer_is_there_as_far_as_clients_use_it(value: Make) -> None:
    found = value(
        """[Buffer.from("äb").toString("hex"), Buffer.from("c3a4", "hex").toString(),
          Buffer.from("aGk=", "base64").toString(),
      Buffer.from([1, 2]).toString("base64"), Buffer.concat([Buffer.from("a"),
        Buffer.from("b")]).toString(), Buffer.isBuffer(Buffer.alloc(2)),
      Buffer.byteLength("ä"), JSON.stringify(Buffer.from("a"))]""",
        profile="node",
    )
    assert found == ["c3a462", "ä", "hi", "AQI=", "ab", True, 2, '{"type":"Buffer","data":[97]}']


def test_storage_keeps_texts_by_name_or_property(value: Make) -> None:
    found = value("""(() => { localStorage.setItem("a", 1); localStorage.b = 2;
      delete localStorage.c;
      return [localStorage.getItem("a"), localStorage.b, localStorage.length,
        Object.keys(localStorage), localStorage.getItem("x"),
        "a" in localStorage, localStorage.key(1), sessionStorage.length,
          (localStorage.removeItem("a"), localStorage.a === undefined), (localStorage.clear(),
          localStorage.length)]; })()""")
    assert found == ["1", "2", 2, ["a", "b"], None, True, "b", 0, True, 0]


def test_a_request_over_http_fails_a_while_later(lab: Make) -> None:
    ran = lab("""
    fetch("/api").then(() => say("never"), (e) => say("fetch", e.name));
    const x = new XMLHttpRequest(); x.open("GET", "/poll");
      x.onerror = () => say("error", x.status, x.readyState); x.send();
    const y = new XMLHttpRequest(); y.open("GET", "/y"); y.onabort = () => say("aborted");
      y.send(); y.abort();""").run()
    assert ran.timed == [(0, "aborted"), (1, "fetch TypeError"), (1, "error 0 4")]
    assert lab("say(typeof XMLHttpRequest, typeof fetch)", profile="node").run().said == [
        "undefined function"
    ]


def test_languages_that_the_engine_lacks_do_not_stop_code(value: Make) -> None:
    assert value(
        """[typeof Intl, (1234.5).toLocaleString(), 'ä'.localeCompare('b') > 0,
          'İ'.toLowerCase().length]"""
    ) == [
        "undefined",
        "1,234.5",
        True,
        2,
    ]


def test_headers_and_requests_can_be_made(value: Make) -> None:
    found = value("""(() => { const h = new Headers({ "X-A": 1, b: "2" }); h.append("x-a", 3);
      const r = new Request("/api", { method: "post", headers: h });
      return [[...h], h.get("X-a"), h.get("no"), r.url, r.method, r.headers.has("B")]; })()""")
    assert found == [
        [["b", "2"], ["x-a", "1, 3"]],
        "1, 3",
        None,
        "https://server.example/api",
        "POST",
        True,
    ]
