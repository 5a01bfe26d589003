// Expressions that Chromium and the lab's browser profile must answer alike, one a line; compared
// as JSON by tests/integration/test_fidelity_platform.py.
new Date(0).toString()
new Date(0).toLocaleString()
new Date(0).toLocaleDateString()
new Date(0).toLocaleTimeString()
new Date(0).toDateString()
new Date(0).toTimeString()
Date.parse("Jan 1, 2000")
Date.parse("2000-01-01 00:00")
Date.parse("2000/01/01")
Date.parse("Sat Jan 01 2000 10:00:00 GMT+0200 (CEST)")
Date.parse("1 January 2000 10:00 UTC")
new Date(2000, 0).getTime()
new Date("2000-01-01T00:00:00").getTime()
new Date(99, 1, 1).getFullYear()
typeof Date.prototype[Symbol.toPrimitive]
String(new CloseEvent("close"))
JSON.stringify(new CloseEvent("close", { code: 1006, reason: "x" }))
new CloseEvent("close").code + new CloseEvent("close").reason + new CloseEvent("close").wasClean
new MessageEvent("message").data
new MessageEvent("message", { data: 5 }).data
new ErrorEvent("error").message
new ErrorEvent("error").error === undefined
new CustomEvent("x").detail
new Event("x").eventPhase + "," + Event.AT_TARGET
new Event("x").composedPath().length
[new Event("x").target, new Event("x").currentTarget, new Event("x").defaultPrevented, new Event("x").isTrusted, new Event("x").cancelBubble, new Event("x").returnValue]
(() => { try { new Event() } catch (e) { return [e.name, e.message] } })()
(() => { try { new WebSocket() } catch (e) { return [e.name, e.message] } })()
(() => { try { new WebSocket("ftp://x") } catch (e) { return [e.name, e.message, e.code, e instanceof DOMException] } })()
(() => { try { new WebSocket("ws://x/#a") } catch (e) { return [e.name, e.message] } })()
(() => { try { new WebSocket("ws://") } catch (e) { return [e.name, e.message] } })()
(() => { try { new WebSocket("ws://x", "a b") } catch (e) { return [e.name, e.message] } })()
(() => { try { new WebSocket("ws://x", ["a", "a"]) } catch (e) { return [e.name, e.message] } })()
(() => { try { new URL("bad") } catch (e) { return [e.name, e.message] } })()
(() => { try { new EventTarget().dispatchEvent({}) } catch (e) { return [e.name] } })()
(() => { try { crypto.getRandomValues(new Float32Array(1)) } catch (e) { return [e.name] } })()
(() => { try { crypto.getRandomValues(new Uint8Array(65537)) } catch (e) { return [e.name] } })()
(() => { try { structuredClone(() => {}) } catch (e) { return [e.name, e.code] } })()
(() => { try { new TextDecoder("x") } catch (e) { return [e.name] } })()
(() => { try { new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255])) } catch (e) { return [e.name, e.message] } })()
(() => { try { queueMicrotask(1) } catch (e) { return [e.name] } })()
(() => { try { new AbortController().signal.throwIfAborted(); return "no" } catch (e) { return [e.name] } })()
(() => { const c = new AbortController(); c.abort(); return [c.signal.reason.name, c.signal.reason.message, c.signal.reason.code, String(c.signal)] })()
(() => { try { new AbortSignal() } catch (e) { return [e.name] } })()
typeof setTimeout(() => {}, 1e6)
[typeof process, typeof require, typeof global, typeof Buffer, typeof setImmediate, typeof module, typeof exports]
["window","self","document","navigator","location","localStorage","sessionStorage","history","fetch","XMLHttpRequest","Headers","Request","FileReader","MessageChannel","BroadcastChannel","structuredClone","queueMicrotask","requestAnimationFrame","requestIdleCallback","matchMedia","performance","crypto","reportError","AbortSignal","WeakRef","Blob","alert","TextDecoder","URLSearchParams","DOMException","btoa","CustomEvent","PromiseRejectionEvent"].map((n) => typeof globalThis[n])
[window === self, window === globalThis, window.window === window, top === window, parent === window, document.defaultView === window]
[String(document), String(navigator), String(new URLSearchParams("a")), String(new Blob()), String(new AbortController()), String(new EventTarget()), String(new TextEncoder()), String(new Headers())]
[navigator.onLine, document.visibilityState, document.hidden, navigator.language, navigator.cookieEnabled, isSecureContext]
(() => { localStorage.clear(); localStorage.x = 1; const r = [localStorage.x, localStorage.getItem("x"), localStorage.getItem("y"), localStorage.y, localStorage.length, "x" in localStorage, JSON.stringify(localStorage)]; localStorage.clear(); return r })()
(() => { const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("a", f, { once: true }); t.addEventListener("a", f); t.dispatchEvent(new Event("a")); t.dispatchEvent(new Event("a")); return n })()
(() => { const t = new EventTarget(); const l = []; t.addEventListener("a", () => l.push(1)); t.addEventListener("a", () => l.push(2), true); t.dispatchEvent(new Event("a")); return l })()
(() => { const l = []; document.addEventListener("zz", () => l.push("d")); window.addEventListener("zz", () => l.push("w")); window.addEventListener("zz", () => l.push("c"), true); document.dispatchEvent(new Event("zz", { bubbles: true })); document.dispatchEvent(new Event("zz")); return l })()
(() => { const t = new EventTarget(); const l = []; t.addEventListener("a", (e) => { l.push(e.eventPhase, e.target === t, e.currentTarget === t) }); const e = new Event("a"); t.dispatchEvent(e); l.push(e.eventPhase, e.target === t, e.currentTarget); return l })()
structuredClone({ a: [1, , 3], d: new Date(1), m: new Map([[1, 2]]) }).a.length
(() => { const e = new Error("x"); e.own = 1; const c = structuredClone(e); return [c.name, c.message, c.own === undefined] })()
new Blob(["ab", new Uint8Array([65])]).size + new Blob([], { type: "TEXT/Html" }).type
[..."\ud83d\ude00a"].length
(1234567.891).toLocaleString()
[encodeURIComponent("ä!'()*"), escape("ä"), btoa("a"), atob(" YQ = = ")]
performance.timeOrigin > 1e12
[typeof performance.now(), typeof performance.mark, typeof performance.getEntriesByType]
[typeof navigator.connection === "undefined" || true, typeof navigator.sendBeacon]
document.createElement("a").tagName
(() => { const a = document.createElement("a"); a.href = "/x?y#z"; return [a.pathname, a.search, a.hash, a.host === location.host] })()
(() => { try { undefinedName } catch (e) { return e.message } })()
(() => { try { undefined() } catch (e) { return e.name } })()
Object.getOwnPropertyNames(new (class extends WebSocket {})("ws://127.0.0.1:1/")).length
[new Headers({ b: 1, A: 2 }).get("a"), [...new Headers({ b: 1, A: 2 })].join(";")]
[new Request("/x").method, new Request("/x", { method: "post" }).method]