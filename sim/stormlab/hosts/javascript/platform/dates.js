// Date in virtual time and in UTC: neither the host's clock nor its time zone can be seen.

const RealDate = Date;
const realParse = RealDate.parse;
// "2026-01-01" is UTC by itself; with a time and no zone it is local time, which here is UTC.
const ZONED = /(?:Z|[+-]\d\d:?\d\d|\b(?:GMT|UTC|UT)\b.*)\s*(?:\([^)]*\))?$|^\s*[+-]?\d{4,6}(?:-\d\d(?:-\d\d)?)?\s*$/i;
const ISO_TIME = /^\s*[+-]?\d{4,6}-\d\d-\d\dT[\d:.,]+\s*$/i;

function parse(text) {
  text = String(text);
  if (ZONED.test(text)) return realParse(text);
  return realParse(ISO_TIME.test(text) ? `${text.trim()}Z` : `${text} GMT`);
}

const VirtualDate = new Proxy(RealDate, {
  apply: () => new VirtualDate().toString(),
  construct(target, given, made) {
    let args = given;
    if (given.length === 0) args = [dateMs()];
    else if (given.length > 1) args = [RealDate.UTC(...given)];
    else if (!(given[0] instanceof RealDate)) {
      const value = primitive(given[0]);
      args = [typeof value === "string" ? parse(value) : value];
    }
    return Reflect.construct(target, args, made === VirtualDate ? target : made);
  },
});

function primitive(value) {
  if (typeof value !== "object" || value === null) return value;
  const convert = value[Symbol.toPrimitive];
  return typeof convert === "function" ? convert.call(value, "default") : value.valueOf() === value ? String(value) : value.valueOf();
}

const two = (n) => String(n).padStart(2, "0");
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
function day(date) {
  const year = date.getUTCFullYear();
  const shown = year < 0 ? `-${String(-year).padStart(6, "0")}` : String(year).padStart(4, "0");
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${two(date.getUTCDate())} ${shown}`;
}
function hour(date) {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} GMT+0000 (Coordinated Universal Time)`;
}
const valid = (date, text) => (Number.isNaN(date.getTime()) ? "Invalid Date" : text(date));
const american = {
  day: (date) => `${date.getUTCMonth() + 1}/${date.getUTCDate()}/${date.getUTCFullYear()}`,
  hour: (date) => `${date.getUTCHours() % 12 || 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${date.getUTCHours() < 12 ? "AM" : "PM"}`,
};

{
  const proto = RealDate.prototype;
  for (const part of ["Date", "Day", "FullYear", "Hours", "Milliseconds", "Minutes", "Month", "Seconds"]) {
    define(proto, { [`get${part}`]: proto[`getUTC${part}`] });
    if (part !== "Day") define(proto, { [`set${part}`]: proto[`setUTC${part}`] });
  }
  define(proto, {
    constructor: VirtualDate,
    getTimezoneOffset() { return 0 * this.getTime(); },
    getYear() { return this.getUTCFullYear() - 1900; },
    toString() { return valid(this, (date) => `${day(date)} ${hour(date)}`); },
    toDateString() { return valid(this, day); },
    toTimeString() { return valid(this, hour); },
    toLocaleString() { return valid(this, (date) => `${american.day(date)}, ${american.hour(date)}`); },
    toLocaleDateString() { return valid(this, american.day); },
    toLocaleTimeString() { return valid(this, american.hour); },
  });
  define(RealDate, { now: dateMs, parse });
}
