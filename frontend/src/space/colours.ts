// Values of a surface as colours.

import type { Colour } from "./shapes";

/** Name, and colours at even distances from the least to the greatest value. */
export const COLOUR_MAPS: Readonly<Record<string, readonly Colour[]>> = {
  Rainbow: [[40, 70, 220], [30, 190, 225], [70, 200, 90], [240, 215, 50], [215, 45, 40]],
  Heat: [[20, 10, 30], [125, 15, 55], [220, 70, 25], [250, 180, 40], [255, 250, 210]],
  "Blue to red": [[50, 85, 205], [150, 180, 240], [232, 232, 232], [240, 165, 140], [195, 40, 45]],
  Green: [[65, 20, 95], [55, 90, 150], [35, 150, 135], [110, 200, 85], [245, 225, 50]],
  Grey: [[25, 25, 25], [240, 240, 240]],
};

/** What has no value: NaN. */
const NOTHING: Colour = [128, 128, 128];

/** The colour of each value, (n, 3); below the range the first colour, above it the last. */
export function coloured(
  values: ArrayLike<number>,
  range: readonly [number, number],
  map: readonly Colour[],
  into = new Uint8Array(3 * values.length),
): Uint8Array {
  const last = map.length - 1;
  const scale = range[1] > range[0] ? last / (range[1] - range[0]) : 0;
  for (let i = 0; i < values.length; i++) {
    const at = (values[i]! - range[0]) * scale;
    if (Number.isNaN(at)) {
      into.set(NOTHING, 3 * i);
      continue;
    }
    const place = Math.min(Math.max(at, 0), last);
    const below = Math.min(Math.floor(place), last - 1);
    const [a, b] = [map[below]!, map[below + 1]!];
    for (let c = 0; c < 3; c++) into[3 * i + c] = a[c]! + (b[c]! - a[c]!) * (place - below) + 0.5;
  }
  return into;
}

/** Colours that came as values: (n, 3 or 4), each 0 to 1 or 0 to 255, as its range tells. */
export function taken(values: ArrayLike<number>, components: number, greatest: number): Uint8Array {
  const scale = greatest <= 1 ? 255 : 1;
  const count = values.length / components;
  const into = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) into[3 * i + c] = Math.min(values[components * i + c]! * scale, 255);
  }
  return into;
}

/** "#5fd0c5" or "rgb(95, 208, 197)" as three numbers from 0 to 255. */
export function parsed(css: string): Colour {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(css);
  if (hex) return [1, 2, 3].map((i) => parseInt(hex[i]!, 16)) as unknown as Colour;
  const numbers = css.match(/\d+(\.\d+)?/g)?.map(Number) ?? [];
  return [numbers[0] ?? 128, numbers[1] ?? 128, numbers[2] ?? 128];
}
