// How many pictures were painted, and how long after the time in their headers. Panels show it, and
// measurements read it from `window.igtlMeter`.

import type { RowId } from "./api";
import { serverNow } from "./store";

const WINDOW_S = 2;
/** So much of the time since the first of the last pictures is looked at, also after a pause. */
const LEAST_SHARE = 0.5;
const MOST_DELAYS = 100_000;

export interface Meter {
  painted: number;
  /** Pictures that came and were replaced by a newer one before they were painted. */
  skipped: number;
  /** When the last seconds' paintings were, s of this page's own clock, for `rate`. */
  times: number[];
  /** Seconds from the header's time to the screen, all of them until `igtlMeter.reset()`. */
  delays: number[];
}

const meters = new Map<RowId, Meter>();

export function meterOf(row: RowId): Meter {
  let meter = meters.get(row);
  if (!meter) {
    meter = { painted: 0, skipped: 0, times: [], delays: [] };
    meters.set(row, meter);
  }
  return meter;
}

interface Drawn {
  headTime: number | null;
  skipped: number;
}

/** What was drawn since the last animation frame. */
const waiting = new Map<RowId, Drawn>();

/** Count a picture that was drawn just now; the screen has it with the next animation frame.
 * Of several in one frame the last alone is seen. */
export function painted(row: RowId, headTime: number | null, skipped = 0): void {
  const before = waiting.get(row);
  waiting.set(row, { headTime, skipped: skipped + (before ? before.skipped + 1 : 0) });
  if (!before) requestAnimationFrame(() => show(row));
}

function show(row: RowId): void {
  const { headTime, skipped } = waiting.get(row)!;
  waiting.delete(row);
  const meter = meterOf(row);
  const now = performance.now() / 1000;
  meter.painted += 1;
  meter.skipped += skipped;
  meter.times.push(now);
  while (meter.times[0]! < now - WINDOW_S) meter.times.shift();
  if (headTime !== null && meter.delays.length < MOST_DELAYS) meter.delays.push(serverNow() - headTime);
}

/** Pictures per second of late; 0 when none came. */
export function rate(row: RowId): number {
  const times = meterOf(row).times;
  const now = performance.now() / 1000;
  const recent = times.filter((time) => time >= now - WINDOW_S);
  if (recent.length < 2) return 0;
  // From the first to the last; but where they came at once, and none since, they are few.
  return (recent.length - 1) / Math.max(recent.at(-1)! - recent[0]!, (now - recent[0]!) * LEAST_SHARE);
}

/** The median delay of the last pictures, in s; null where headers have no time. */
export function delay(row: RowId): number | null {
  const last = meterOf(row).delays.slice(-30).sort((a, b) => a - b);
  return last.length ? last[last.length >> 1]! : null;
}

Object.assign(globalThis, {
  igtlMeter: {
    meters,
    reset() {
      meters.clear();
    },
  },
});
