// From pixels of a picture to the place where it is shown, and back: fit, zoom, pan, orientation.

import type { Orientation } from "./geometry";

export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** How far a picture is enlarged beyond what fits, and moved from the middle in CSS pixels. */
export interface View {
  zoom: number;
  x: number;
  y: number;
}

/** As of CSS matrix(): x' = a x + c y + e, y' = b x + d y + f. */
export interface Transform {
  a: number;
  b: number;
  c: number;
  d: number;
  e: number;
  f: number;
}

export const FIT: View = { zoom: 1, x: 0, y: 0 };
const MOST_ZOOM = 64;
const LEAST_ZOOM = 0.25;

/**
 * From the corners of pixels, (0, 0) to (width, height), to CSS pixels of the stage.
 *
 * @param pixel width and height of a pixel, in mm
 */
export function placed(
  stage: Size,
  picture: Size,
  pixel: [number, number],
  { across, down }: Orientation,
  view: View,
): Transform {
  const wide = picture.width * pixel[0];
  const high = picture.height * pixel[1];
  const isTurned = across.along === "row";
  const [shownWide, shownHigh] = isTurned ? [high, wide] : [wide, high];
  const scale = Math.min(stage.width / shownWide, stage.height / shownHigh) * view.zoom;
  const part = (along: string, wanted: string, sign: number, mm: number) =>
    along === wanted ? scale * sign * mm : 0;
  const a = part(across.along, "column", across.sign, pixel[0]);
  const c = part(across.along, "row", across.sign, pixel[1]);
  const b = part(down.along, "column", down.sign, pixel[0]);
  const d = part(down.along, "row", down.sign, pixel[1]);
  const e = stage.width / 2 + view.x - (a * picture.width + c * picture.height) / 2;
  const f = stage.height / 2 + view.y - (b * picture.width + d * picture.height) / 2;
  return { a, b, c, d, e, f };
}

/** Which pixel lies at a place of the stage: (0.5, 0.5) is the middle of the first one. */
export function unplaced({ a, b, c, d, e, f }: Transform, { x, y }: Point): Point {
  const determinant = a * d - b * c;
  return {
    x: (d * (x - e) - c * (y - f)) / determinant,
    y: (a * (y - f) - b * (x - e)) / determinant,
  };
}

/** Enlarged by a factor around a place of the stage, which stays where it is. */
export function zoomed(view: View, factor: number, at: Point, stage: Size): View {
  const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, view.zoom * factor));
  const real = zoom / view.zoom;
  const x = at.x - stage.width / 2;
  const y = at.y - stage.height / 2;
  return { zoom, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
}

/** Moved, but never wholly out of sight. */
export function moved(view: View, by: Point, stage: Size): View {
  const within = (value: number, most: number) => Math.min(most, Math.max(-most, value));
  const reach = Math.max(1, view.zoom) / 2;
  return {
    zoom: view.zoom,
    x: within(view.x + by.x, stage.width * reach),
    y: within(view.y + by.y, stage.height * reach),
  };
}

/** CSS pixels per pixel of the picture, along its columns. */
export function scaleOf({ a, b }: Transform): number {
  return Math.hypot(a, b);
}
