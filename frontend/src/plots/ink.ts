// The colours of the plots' canvases, from the theme.

import { colour, seriesColour } from "../parts/theme";
import type { Ink } from "./chart";

/** After the colours have been used once, lines are dashed. */
const DASHES = [[], [7, 4], [2, 3]];
const COLORS = 8;

const places = new Map<string, number>();

/** Which colour a source has, for as long as the page is open. */
function placeOf(color: string): number {
  let place = places.get(color);
  if (place === undefined) places.set(color, (place = places.size));
  return place;
}

export function look(color: string): { color: string; dash: number[] } {
  const place = placeOf(color);
  return { color: seriesColour(place), dash: DASHES[Math.floor(place / COLORS) % DASHES.length]! };
}

/** As the theme is now; `colors` has for each line what decides its colour. */
export function ink(colors: ReadonlyMap<string, string>): Ink {
  const looks = new Map<string, ReturnType<typeof look>>();
  return {
    text: colour("muted"),
    grid: colour("line"),
    bad: colour("bad"),
    font: `11px ${getComputedStyle(document.body).fontFamily}`,
    line(id) {
      let found = looks.get(id);
      if (!found) looks.set(id, (found = look(colors.get(id) ?? id)));
      return found;
    },
  };
}
