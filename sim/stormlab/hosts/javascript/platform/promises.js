// Promises whose rejection nobody handles. The engine does not tell of them, so Promise is watched:
// each one made by a constructor, by then() or by a static method gets a reaction that notes a
// rejection, and reading its "constructor", which then() and await both do, marks it as handled.
// No reaction of the code under test runs earlier or later for it.
//
// Simplification: what an async function of the engine's own returns cannot be watched; bundles
// have theirs rewritten to `new Promise` (esbuild), with the same order of microtasks.

const RealPromise = Promise;
const realThen = RealPromise.prototype.then;
const HANDLED = Symbol("handled");
const WatchedPromise = new Proxy(RealPromise, {
  construct(target, given, made) {
    return watched(Reflect.construct(target, given, made === WatchedPromise ? target : made));
  },
});
let looking = false; // the platform itself reads "constructor"

function isPlain(promise) { return Reflect.getPrototypeOf(promise) === RealPromise.prototype; }

function watched(promise) {
  // a promise of a subclass: then() must not construct another one of these
  const derived = !isPlain(promise);
  looking = true;
  if (derived) Object.defineProperty(promise, "constructor", { value: RealPromise, configurable: true });
  realThen.call(promise, undefined, (reason) => {
    if (promise[HANDLED] !== true && P !== null) P.rejected.push({ promise, reason });
  });
  if (derived) delete promise.constructor;
  looking = false;
  return promise;
}

Object.defineProperty(RealPromise.prototype, "constructor", {
  configurable: true,
  get() {
    if (!looking && this !== RealPromise.prototype) Reflect.set(this, HANDLED, true);
    return this === RealPromise.prototype ? WatchedPromise : RealPromise;
  },
  set(value) {
    Object.defineProperty(this, "constructor", { value, configurable: true, writable: true });
  },
});

define(RealPromise.prototype, {
  then(fulfilled, rejected) {
    Reflect.set(this, HANDLED, true);
    const found = realThen.call(this, fulfilled, rejected);
    return isPlain(found) ? watched(found) : found; // a subclass has come by the constructor
  },
});
for (const name of ["resolve", "reject", "all", "allSettled", "any", "race", "withResolvers", "try"]) {
  const real = RealPromise[name];
  if (real === undefined) continue;
  define(RealPromise, {
    [name](...given) {
      if (this !== WatchedPromise) return real.apply(this, given);
      const found = real.apply(RealPromise, given);
      if (name === "withResolvers") watched(found.promise);
      else if (name !== "resolve" || found !== given[0]) watched(found);
      return found;
    },
  });
}

// After the microtasks of an event (HTML, "notify about rejected promises"; Node, after a tick).
function tellRejected() {
  const rejected = P.rejected;
  P.rejected = [];
  for (const { promise, reason } of rejected) {
    if (promise[HANDLED] === true) continue;
    put(["err", `Unhandled rejection: ${words(reason)}`, frames(reason)]);
    if (!P.node) {
      const event = new PromiseRejectionEvent("unhandledrejection", { promise, reason, cancelable: true });
      P.window.dispatchEvent(event);
    }
  }
}
