// From where the scene is seen, and how that moves: orbit, pan, zoom, views along the body's axes.

import type { vtkCamera } from "@kitware/vtk.js/Rendering/Core/Camera";
import { applied, type Matrix, type Vector } from "./matrix";

export type View = "axial" | "coronal" | "sagittal" | "oblique";

/** Direction of sight and what is up, in RAS: as pictures of patients are hung up. */
const VIEWS: Readonly<Record<View, readonly [Vector, Vector]>> = {
  // From the feet, front up: the patient's left is on the right.
  axial: [[0, 0, 1], [0, 1, 0]],
  // From the front, head up: the patient's left is on the right.
  coronal: [[0, -1, 0], [0, 0, 1]],
  // From the left, head up: the front is on the left.
  sagittal: [[1, 0, 0], [0, 0, 1]],
  oblique: [[-0.5, -0.75, -0.43], [0, 0, 1]],
};

/** Least and greatest x, y, z; mm. */
export type Bounds = [number, number, number, number, number, number];

/** A box around boxes; null where there is none. */
export function around(boxes: readonly Bounds[]): Bounds | null {
  if (!boxes.length) return null;
  const side = (i: number) => boxes.map((box) => box[i]!);
  const sides = [0, 1, 2].flatMap((i) => [Math.min(...side(2 * i)), Math.max(...side(2 * i + 1))]);
  return sides as Bounds;
}

/** Whether numbers are places that can be looked at: none, and those beyond 10 km, are not, mm. */
export function isSane(places: readonly number[]): boolean {
  return places.every((value) => Math.abs(value) < MOST_PLACE_MM);
}

/** From its one corner to the opposite one, mm. */
export function diagonal([x0, x1, y0, y1, z0, z1]: Bounds): number {
  return Math.hypot(x1 - x0, y1 - y0, z1 - z0);
}

const ANGLE = 30;
/** How much of the picture a fitted box fills: arrows and names go beyond it a little. */
const FILLED = 0.95;
const LEAST_FITTED_MM = 4;
const CORNERS = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => [x, y, z])));
const MOST_PLACE_MM = 1e7;
const LEAST_DISTANCE_MM = 1;
const MOST_DISTANCE_MM = 1e6;

export class Viewpoint {
  /** The picture's smaller side as a part of its height. */
  private narrow = 1;

  constructor(private readonly camera: vtkCamera) {
    camera.setViewAngle(ANGLE);
    this.look("oblique");
  }

  /** Turn about the middle of the picture, degrees to the right and up. */
  orbit(right: number, up: number): void {
    this.camera.azimuth(-right);
    this.camera.elevation(-up);
    this.camera.orthogonalizeViewUp();
  }

  /** Move by parts of the picture's height. */
  pan(right: number, up: number): void {
    const height = this.height();
    const [side, above] = this.sides();
    const by = [0, 1, 2].map((i) => -(side[i]! * right + above[i]! * up) * height);
    this.move(by as Vector);
  }

  /** Go nearer: 2 makes all that is in the middle twice as large. */
  zoom(factor: number): void {
    const distance = this.distance() / factor;
    if (distance < LEAST_DISTANCE_MM || distance > MOST_DISTANCE_MM) return;
    const normal = this.camera.getViewPlaneNormal();
    const focus = this.camera.getFocalPoint();
    this.camera.setPosition(...added(focus, normal, distance));
  }

  /** The picture has another width over height: what was seen across its smaller side still is. */
  shape(aspect: number): void {
    const narrow = Math.min(1, aspect);
    if (narrow === this.narrow) return;
    this.zoom(narrow / this.narrow);
    this.narrow = narrow;
  }

  move(by: Vector): void {
    this.camera.translate(...by);
  }

  /** Look from another side at the same place. */
  look(view: View): void {
    const [direction, up] = VIEWS[view];
    const focus = this.camera.getFocalPoint();
    const length = Math.hypot(...direction);
    const distance = this.distance();
    this.camera.setPosition(...added(focus, direction, -distance / length));
    this.camera.setViewUp(...up);
    this.camera.orthogonalizeViewUp();
  }

  /** See all of a box; `aspect` is the picture's width over its height. */
  fit(bounds: Bounds, aspect: number): void {
    const [x0, x1, y0, y1, z0, z1] = bounds;
    const half = [(x1 - x0) / 2, (y1 - y0) / 2, (z1 - z0) / 2];
    const slope = Math.tan((ANGLE * Math.PI) / 360) * Math.min(1, aspect) * FILLED;
    const normal = this.camera.getViewPlaneNormal();
    const sides = this.sides();
    const focus: Vector = [(x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2];
    // The way to the eye from which the corner that comes out farthest is at the edge.
    const ways = CORNERS.map((signs) => {
      const corner = signs.map((sign, i) => sign * half[i]!);
      const aside = sides.map((side) => Math.abs(dot(side, corner)));
      return Math.max(...aside) / slope + dot(normal, corner);
    });
    this.camera.setFocalPoint(...focus);
    this.camera.setPosition(...added(focus, normal, Math.max(...ways, LEAST_FITTED_MM)));
  }

  /** See the same when all is drawn in another frame, to which `matrix` leads. */
  carry(matrix: Matrix): void {
    const zero = applied(matrix, 0, 0, 0);
    const up = applied(matrix, ...this.camera.getViewUp());
    const position = applied(matrix, ...this.camera.getPosition());
    const focus = applied(matrix, ...this.camera.getFocalPoint());
    this.camera.setPosition(...position);
    this.camera.setFocalPoint(...focus);
    this.camera.setViewUp(up[0] - zero[0], up[1] - zero[1], up[2] - zero[2]);
  }

  /** From the eye to the place that is looked at, mm; a new camera of vtk.js does not know it. */
  private distance(): number {
    const [position, focus] = [this.camera.getPosition(), this.camera.getFocalPoint()];
    return Math.hypot(...position.map((value, i) => value - focus[i]!));
  }

  /** How many mm the picture is high at the place that is looked at. */
  height(): number {
    return 2 * this.distance() * Math.tan((ANGLE * Math.PI) / 360);
  }

  /** Where it is, what it looks at, what is up, and its `narrow`: 10 numbers, for `restore`. */
  saved(): number[] {
    const { camera } = this;
    return [...camera.getPosition(), ...camera.getFocalPoint(), ...camera.getViewUp(), this.narrow];
  }

  restore(ten: readonly number[]): void {
    const [px, py, pz, fx, fy, fz, ux, uy, uz, narrow] = ten as [
      number, number, number, number, number, number, number, number, number, number,
    ];
    this.camera.setPosition(px, py, pz);
    this.camera.setFocalPoint(fx, fy, fz);
    this.camera.setViewUp(ux, uy, uz);
    const now = this.narrow;
    this.narrow = narrow;
    this.shape(now);
  }

  /** What is to the right and what is up in the picture, as directions in the scene. */
  sides(): [Vector, Vector] {
    const m = this.camera.getViewMatrix() as unknown as ArrayLike<number>;
    return [
      [m[0]!, m[1]!, m[2]!],
      [m[4]!, m[5]!, m[6]!],
    ];
  }
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a[0]! * b[0]! + a[1]! * b[1]! + a[2]! * b[2]!;
}

function added(a: readonly number[], b: readonly number[], factor: number): Vector {
  return [a[0]! + factor * b[0]!, a[1]! + factor * b[1]!, a[2]! + factor * b[2]!];
}
