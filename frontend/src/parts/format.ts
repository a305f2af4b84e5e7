// Numbers for people: short, with units, of nearly the same width each time.

const MISSING = "\u2013";
const MINUS = "\u2212";

type Maybe = number | null | undefined;

function isNumber(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Three significant digits where there are less than three before the point: 0.12, 9.5, 148. */
export function short(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 || size === 0 ? 1 : 2);
}

/** Messages per second: "30.0/s". */
export function perSecond(value: Maybe): string {
  return isNumber(value) ? `${value === 0 ? "0" : short(value)}/s` : MISSING;
}

/** "0 B", "812 B", "9.20 MB" (powers of 1000). */
export function bytes(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(size) : short(size)} ${units[unit]}`;
}

/** Bytes per second. */
export function bandwidth(value: Maybe): string {
  return isNumber(value) ? `${bytes(value)}/s` : MISSING;
}

/** A short time between two things, in s: "0.4 ms", "42 ms", "1.25 s". */
export function delay(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  const size = Math.abs(value);
  const sign = value <= -0.00005 ? MINUS : "";
  if (size < 0.00995) return `${sign}${(size * 1e3).toFixed(1)} ms`;
  if (size < 0.9995) return `${sign}${Math.round(size * 1e3)} ms`;
  return `${sign}${span(size)}`;
}

/** How long ago, in s: "0.0 s", "12 s", "3 min", "2 h". */
export function age(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  const seconds = Math.max(0, value);
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : span(seconds);
}

function span(seconds: number): string {
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  if (seconds < 7170) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_000) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** A place in a recording, in s: "1:02.3", "1:00:02.3". */
export function duration(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  const tenths = Math.max(0, Math.round(value * 10));
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/** A length, in mm: "12.34 mm". */
export function mm(value: Maybe, digits = 2): string {
  return isNumber(value) ? `${fixed(value, digits)} mm` : MISSING;
}

/** With a true minus, and without "-0.00". */
export function fixed(value: Maybe, digits = 2): string {
  if (!isNumber(value)) return MISSING;
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** A count: "12 345". */
export function count(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A day from unix s, where this page is: "2026-11-22". */
export function day(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  const date = new Date(value * 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A time of day from unix s: "14:03:09.250". */
export function clock(value: Maybe): string {
  if (!isNumber(value)) return MISSING;
  const date = new Date(value * 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  const milliseconds = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}
