// A faint grid below the scene, whose lines are 1, 2, 5, 10, ... mm apart.

import type { Colour } from "./shapes";
import { Solid } from "./solid";
import type { Bounds } from "./viewpoint";

const MOST_LINES = 12;
const MARGIN = 0.15;
const BELOW = 0.03;

export class Floor {
  readonly solid = new Solid();
  private isWanted = true;
  /** Where it lies, mm; Infinity while it does not. */
  private z = Infinity;

  constructor() {
    this.solid.actor.getProperty().setLighting(false);
    this.solid.actor.setVisibility(false);
  }

  setColour([red, green, blue]: Colour): void {
    this.solid.actor.getProperty().setColor(red / 255, green / 255, blue / 255);
  }

  setShown(isWanted: boolean): void {
    this.isWanted = isWanted;
  }

  /** Be seen from above only: from below it would be in the way. */
  face(eye: number): void {
    this.solid.actor.setVisibility(this.isWanted && eye > this.z);
  }

  /** Lay it below this box; null takes it away. */
  lay(bounds: Bounds | null): void {
    this.z = bounds ? bounds[4] : Infinity;
    if (!bounds) return;
    const { points, lines } = gridBelow(bounds);
    this.solid.setPoints(Float32Array.from(points));
    this.solid.setCells("lines", Uint32Array.from(lines));
  }
}

/** Lines along x and y a little below the least z, at whole multiples of their distance. */
export function gridBelow([x0, x1, y0, y1, least]: Bounds): { points: number[]; lines: number[] } {
  const size = Math.max(x1 - x0, y1 - y0, 1) * (1 + 2 * MARGIN);
  const step = niceStep(size / MOST_LINES);
  const z = least - BELOW * size;
  const [left, right, front, back] = [
    Math.floor((x0 - MARGIN * size) / step) * step,
    Math.ceil((x1 + MARGIN * size) / step) * step,
    Math.floor((y0 - MARGIN * size) / step) * step,
    Math.ceil((y1 + MARGIN * size) / step) * step,
  ];
  const points: number[] = [];
  for (let x = left; x <= right + step / 2; x += step) points.push(x, front, z, x, back, z);
  for (let y = front; y <= back + step / 2; y += step) points.push(left, y, z, right, y, z);
  const lines: number[] = [];
  for (let i = 0; i < points.length / 3; i += 2) lines.push(2, i, i + 1);
  return { points, lines };
}

/** The least of 1, 2, 5, 10, ... that is not below this. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((digit) => digit * power >= least) ?? 10) * power;
}
