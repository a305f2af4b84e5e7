// Window and level: which values become black and which white.

import type { PictureHead, ScalarType } from "../api";

/** Values from level - window/2 (black) to level + window/2 (white). */
export interface Levels {
  window: number;
  level: number;
}

export interface Preset {
  name: string;
  levels: Levels;
}

/** Windows that radiologists use for CT, in Hounsfield units. */
const SOFT_TISSUE: Preset = { name: "CT soft tissue", levels: { window: 400, level: 40 } };
export const CT_PRESETS: readonly Preset[] = [
  SOFT_TISSUE,
  { name: "CT bone", levels: { window: 1800, level: 400 } },
  { name: "CT lung", levels: { window: 1500, level: -600 } },
];

/** Where the least values of a CT lie: air has -1000 HU, and some scanners fill corners with -1024. */
const AIR = [-1100, -900] as const;
const DENSEST = 4100;

const LOOKED_AT = 4096;
/** Of the values looked at, so many at each end do not count: metal, air, a bright pixel. */
const OUTLIERS = 0.005;

export function between(low: number, high: number): Levels {
  return { window: high - low, level: (low + high) / 2 };
}

export const BYTES: Levels = between(0, 255);
const SIGNED_BYTES: Levels = between(-128, 127);

/** Presets that make sense for values of this type. */
export function presetsFor(dtype: ScalarType): readonly Preset[] {
  return dtype === "int16" || dtype === "int32" || dtype === "float32" ? CT_PRESETS : [];
}

/** From where to where a picture's values lie: all that bytes can be, of others what most of them are. */
export function spanned(
  head: Pick<PictureHead, "dtype">,
  values: ArrayLike<number> | null,
): Levels {
  if (head.dtype === "uint8" || !values) return BYTES;
  if (head.dtype === "int8") return SIGNED_BYTES;
  return spread(values) ?? BYTES;
}

/** From where to where most values lie; null where there are none. */
function spread(values: ArrayLike<number>): Levels | null {
  const stride = Math.max(1, Math.floor(values.length / LOOKED_AT)) | 1;
  const some = new Float64Array(Math.ceil(values.length / stride));
  let count = 0;
  for (let n = 0; n < values.length; n += stride) {
    const value = values[n]!;
    if (Number.isFinite(value)) some[count++] = value;
  }
  if (!count) return null;
  const sorted = some.subarray(0, count).sort();
  const left = Math.floor(count * OUTLIERS);
  const [low, high] = [sorted[left]!, sorted[count - 1 - left]!];
  return high > low ? between(low, high) : between(low - 0.5, low + 0.5);
}

/**
 * What black and white are where nobody has said, by what `spanned` says. From air to bone, soft
 * tissue would be nearly white: CT is shown by the window that it is usually read with.
 */
export function automatic(dtype: ScalarType, span: Levels): Levels {
  const [low, high] = [span.level - span.window / 2, span.level + span.window / 2];
  const isCt = presetsFor(dtype).length > 0 && low >= AIR[0] && low <= AIR[1] && high <= DENSEST;
  return isCt ? SOFT_TISSUE.levels : span;
}

/** Both together: so a stream's brightness settles instead of pumping with every picture. */
export function widened(old: Levels, more: Levels): Levels {
  const low = Math.min(old.level - old.window / 2, more.level - more.window / 2);
  const high = Math.max(old.level + old.window / 2, more.level + more.window / 2);
  return low === old.level - old.window / 2 && high === old.level + old.window / 2
    ? old
    : between(low, high);
}

/** The levels after dragging by so many CSS pixels: right is a wider window, down is darker. */
export function dragged(from: Levels, x: number, y: number): Levels {
  return {
    window: from.window * Math.exp(x / 200),
    level: from.level + (y / 300) * Math.max(from.window, 1e-12),
  };
}

/** What a value is shown as, 0 to 255. */
export function shade(value: number, { window, level }: Levels): number {
  const shown = ((value - (level - window / 2)) * 255) / window;
  return shown >= 255 ? 255 : shown > 0 ? Math.round(shown) : 0;
}

export function isIdentity({ window, level }: Levels): boolean {
  return window === BYTES.window && level === BYTES.level;
}
