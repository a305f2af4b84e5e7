// The range of an axis: all of the data with air around it, on round numbers, and steady.

/** What an axis goes from and to. */
export type Range = readonly [number, number];

interface Wish {
  /** The least that is spanned, so that noise alone does not fill the plot. */
  least: number;
  fromZero: boolean;
}

/** Air below and above the data, of its span. */
const AIR = 0.06;
/** The least that is spanned, of the data's size: axes have room for some digits only. */
const LEAST_PART = 1e-3;
/** While the data fills as much of the axis, the axis stays. */
const FILLED = 0.45;

/** The range for data from `low` to `high`; `before` where that still fits well. */
export function steady(low: number, high: number, wish: Wish, before: Range | null): Range {
  if (!(low <= high)) return before ?? [0, wish.least];
  if (wish.fromZero) {
    low = Math.min(0, low);
    high = Math.max(0, high);
  }
  const span = Math.max(high - low, wish.least, Math.max(-low, high) * LEAST_PART);
  if (before && fits(low, high, span, before)) return before;
  const middle = (low + high) / 2;
  const air = span * AIR;
  const step = round(span / 4);
  const bottom = wish.fromZero && low === 0 ? 0 : Math.min(low, middle - span / 2) - air;
  const top = wish.fromZero ? Math.max(high, low + span) + air : Math.max(high, middle + span / 2) + air;
  return [Math.floor(bottom / step) * step, Math.ceil(top / step) * step];
}

function fits(low: number, high: number, span: number, [bottom, top]: Range): boolean {
  return low >= bottom && high <= top && span >= (top - bottom) * FILLED;
}

/** The 1, 2 or 5 times a power of ten that is nearest below. */
function round(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return (digit >= 5 ? 5 : digit >= 2 ? 2 : 1) * power;
}

/** How many digits after the point tell multiples of `step` apart: 2 for 0.25, none for 20. */
export function digitsOf(step: number): number {
  for (let digits = 0; digits < 12; digits++) {
    const whole = Math.round(step * 10 ** digits);
    if (whole > 0 && Math.abs(step * 10 ** digits - whole) < 1e-6 * whole) return digits;
  }
  return 12;
}
