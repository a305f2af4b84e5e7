// POINT and TRAJ: balls where points are, and rods from entries to targets with both ends marked.

import type { SceneHead, ScenePoint, SceneTrajectory } from "../api";
import { Body, type Item } from "./item";
import type { Label } from "./letters";
import { applied, identity, type Matrix, type Vector } from "./matrix";
import { Shape, type Colour } from "./shapes";

/** What points without a diameter get, mm. */
const USUAL_MM = 4;
/** What trajectories without one get. */
const USUAL_ROD_MM = 1.5;
/** So many have names; more would only hide the rest. */
const MOST_LABELS = 60;
const ENTRY: Colour = [64, 190, 100];
const TARGET: Colour = [232, 64, 64];

export class Marks extends Body implements Item {
  readonly id: string;
  frame = "World";
  isThere = false;
  private readonly matrix = identity();
  private names: { text: string; at: Vector; colour: Colour }[] = [];

  constructor(
    readonly kind: "points" | "trajectories",
    row: number,
    readonly name: string,
  ) {
    super();
    this.id = String(row);
  }

  take(head: SceneHead): void {
    this.frame = head.frame;
    const shape = new Shape();
    const points = (head.points ?? []).filter(({ position }) => position.every(Number.isFinite));
    const trajectories = (head.trajectories ?? []).filter(({ entry, target }) =>
      [...entry, ...target].every(Number.isFinite),
    );
    for (const point of points) addPoint(shape, point, points.length);
    for (const trajectory of trajectories) addTrajectory(shape, trajectory);
    this.names = [...points.map(nameOfPoint), ...trajectories.map(nameOfTrajectory)];
    this.isThere = shape.points.length > 0;
    this.solid.setShape(shape);
  }

  override place(matrix: Matrix): boolean {
    this.matrix.set(matrix);
    return this.solid.place(matrix);
  }

  override labels(): readonly Label[] {
    return this.names.slice(0, MOST_LABELS).map(({ text, at }) => ({
      text,
      at: applied(this.matrix, ...at),
      colour: "",
    }));
  }
}

function addPoint(shape: Shape, point: ScenePoint, count: number): void {
  const radius = (point.diameter > 0 ? point.diameter : USUAL_MM) / 2;
  shape.sphere(point.position, radius, rgb(point.color), count > 200 ? 8 : 20);
}

/** A rod, a ball at the entry, and at the target a larger one with a needle's tip in it. */
function addTrajectory(shape: Shape, { entry, target, color, diameter }: SceneTrajectory): void {
  const radius = (diameter > 0 ? diameter : USUAL_ROD_MM) / 2;
  shape.rod(entry, target, [radius, radius], rgb(color));
  shape.sphere(entry, 2 * radius, ENTRY, 16);
  shape.sphere(target, 2 * radius, TARGET, 16);
}

function nameOfPoint({ name, position, color }: ScenePoint) {
  return { text: name, at: position, colour: rgb(color) };
}

function nameOfTrajectory({ name, entry, color }: SceneTrajectory) {
  return { text: name, at: entry, colour: rgb(color) };
}

function rgb([red, green, blue]: readonly [number, number, number, number]): Colour {
  return [red, green, blue];
}
