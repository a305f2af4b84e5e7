// The ways that tools went in the last seconds, as lines in the frame that is shown.

import type { Colour } from "./shapes";
import { Solid } from "./solid";

const LEAST_STEP_MM = 0.1;
/** Corners are at least so far apart, s: more could not be told from it. */
const LEAST_STEP_S = 1 / 30;

/** The way of one tool. */
export class Trail {
  colour: Colour = [0, 0, 0];
  opacity = 1;
  /** Its corners, oldest first: x, y, z, x, ...; mm. */
  readonly places: number[] = [];
  /** When the tool was at each of them, s. */
  private readonly times: number[] = [];
  /** How long, s; 0 is none. */
  private seconds = 2;

  /** The tool is here now; `time` in s. True where the line is another now. */
  add(time: number, x: number, y: number, z: number): boolean {
    if (!this.seconds) return false;
    // Somebody rewound.
    if (time < this.times.at(-1)!) this.clear();
    const isFurther = this.distance(x, y, z) >= LEAST_STEP_MM;
    if (isFurther) this.push(time, x, y, z);
    return this.forget(time - this.seconds) || isFurther;
  }

  setSeconds(seconds: number): void {
    this.seconds = seconds;
    if (!seconds) this.clear();
  }

  clear(): void {
    this.times.length = this.places.length = 0;
  }

  /** How far its end is from here, mm; Infinity without one. */
  private distance(x: number, y: number, z: number): number {
    const [px, py, pz] = this.places.slice(-3);
    return px === undefined ? Infinity : Math.hypot(x - px, y - py!, z - pz!);
  }

  /** The end goes along with the tool until it is far enough from the corner before it. */
  private push(time: number, x: number, y: number, z: number): void {
    if (this.times.at(-1)! - this.times.at(-2)! < LEAST_STEP_S) {
      this.times.pop();
      this.places.splice(-3);
    }
    this.times.push(time);
    this.places.push(x, y, z);
  }

  /** Forget what is older. True where something was. */
  private forget(before: number): boolean {
    const kept = this.times.findIndex((time) => time >= before);
    const old = kept < 0 ? this.times.length : kept;
    this.times.splice(0, old);
    this.places.splice(0, 3 * old);
    return old > 0;
  }
}

/** All of them as one body: each body that changes costs vtk.js as much as a hundred corners. */
export class Trails {
  readonly solid = new Solid();

  constructor() {
    const property = this.solid.actor.getProperty();
    property.setLighting(false);
    property.setLineWidth(2);
    this.draw([]);
  }

  draw(trails: readonly Trail[]): void {
    const points: number[] = [];
    const colours: number[] = [];
    const lines: number[] = [];
    for (const { places, colour, opacity } of trails) {
      const [first, count] = [points.length / 3, places.length / 3];
      if (count < 2) continue;
      lines.push(count);
      for (let i = 0; i < count; i++) {
        lines.push(first + i);
        colours.push(...colour, 255 * opacity);
      }
      points.push(...places);
    }
    this.solid.actor.setVisibility(lines.length > 0);
    this.solid.setPoints(Float32Array.from(points));
    this.solid.setCells("lines", Uint32Array.from(lines));
    this.solid.setColours(Uint8Array.from(colours), "points", 4);
  }
}
