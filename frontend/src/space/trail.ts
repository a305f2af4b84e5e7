// The way that a tool went in the last seconds, as a line in the frame that is shown.

import { Ring } from "./ring";
import type { Colour } from "./shapes";
import { Solid } from "./solid";

/** 30 a second for 10 s, and some. */
const CAPACITY = 400;
const LEAST_STEP_MM = 0.1;

export class Trail {
  readonly solid = new Solid();
  /** How long, s; 0 is none. */
  private seconds = 2;
  private isShown = false;
  private readonly ring = new Ring(CAPACITY);
  private readonly points = new Float32Array(3 * CAPACITY);

  constructor() {
    const line = new Uint32Array(CAPACITY + 1);
    line[0] = CAPACITY;
    for (let i = 0; i < CAPACITY; i++) line[i + 1] = i;
    this.solid.setPoints(this.points);
    this.solid.setCells("lines", line);
    const property = this.solid.actor.getProperty();
    property.setLighting(false);
    property.setLineWidth(2);
    this.solid.actor.setVisibility(false);
  }

  setColour([red, green, blue]: Colour): void {
    this.solid.actor.getProperty().setColor(red / 255, green / 255, blue / 255);
  }

  /** The tool is here now; `time` in s. True where the line is another now. */
  add(time: number, x: number, y: number, z: number): boolean {
    if (!this.seconds) return false;
    const isFurther = this.ring.distance(x, y, z) >= LEAST_STEP_MM;
    if (isFurther || time < this.ring.newest()) this.ring.push(time, x, y, z);
    const isShorter = this.ring.forget(time - this.seconds);
    if (isFurther || isShorter) this.draw();
    return isFurther || isShorter;
  }

  setSeconds(seconds: number): void {
    this.seconds = seconds;
    if (!seconds) this.clear();
  }

  clear(): void {
    this.ring.clear();
    this.draw();
  }

  setShown(shown: boolean): void {
    this.isShown = shown;
    this.draw();
  }

  private draw(): void {
    this.solid.actor.setVisibility(this.isShown && this.ring.count > 1);
    if (this.ring.count < 2) return;
    this.ring.write(this.points);
    this.solid.setPoints(this.points);
  }
}
