// Small bodies of triangles, as numbers: what tools, points and trajectories are made of.

import { cross, type Vector } from "./matrix";

export type Colour = readonly [number, number, number];

/** Triangles with a normal and a colour (0 to 255) for each corner; corners are not shared. */
export class Shape {
  readonly points: number[] = [];
  readonly normals: number[] = [];
  readonly colours: number[] = [];
  readonly triangles: number[] = [];

  /** A ball. */
  sphere(centre: Vector, radius: number, colour: Colour, around = 16): this {
    const rings = around >> 1;
    return this.surface(around, rings, colour, (u, v) => {
      const [a, b] = [2 * Math.PI * u, Math.PI * v];
      const n: Vector = [Math.sin(b) * Math.cos(a), Math.sin(b) * Math.sin(a), Math.cos(b)];
      return [added(centre, n, radius), n];
    });
  }

  /** A rod whose ends have two radii: a cylinder, a cone, or what is between. Open at both ends. */
  rod(from: Vector, to: Vector, radii: readonly [number, number], colour: Colour, around = 12): this {
    const axis: Vector = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    const length = Math.hypot(...axis);
    if (!(length > 0)) return this;
    const along = scaled(axis, 1 / length);
    const [side, other] = across(along);
    const slope = (radii[0] - radii[1]) / length;
    return this.surface(around, 1, colour, (u, v) => {
      const out = round(side, other, u);
      const centre = added(to, axis, -v);
      const n = unit(added(out, along, slope));
      return [added(centre, out, radii[1] + (radii[0] - radii[1]) * v), n];
    });
  }

  /** A flat, round plate. */
  disc(centre: Vector, normal: Vector, radius: number, colour: Colour, around = 12): this {
    const [side, other] = across(normal);
    return this.surface(around, 1, colour, (u, v) => {
      return [added(centre, round(side, other, u), radius * v), normal];
    });
  }

  /** An arrow: a rod with a cone at its end. Open at its start. */
  arrow(from: Vector, to: Vector, thickness: number, colour: Colour): this {
    const axis: Vector = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
    const neck = added(from, axis, 0.76);
    this.rod(from, neck, [thickness, thickness], colour, 8);
    this.disc(neck, unit(scaled(axis, -1)), 2.6 * thickness, colour, 10);
    return this.rod(neck, to, [2.6 * thickness, 0], colour, 10);
  }

  /**
   * What a sheet of `columns` times `rows` cells becomes. `place` gives point and normal, which is
   * where "down the rows" times "along the columns" points: else it would be lit from behind.
   */
  private surface(
    columns: number,
    rows: number,
    colour: Colour,
    place: (u: number, v: number) => [Vector, Vector],
  ): this {
    const first = this.points.length / 3;
    for (let row = 0; row <= rows; row++) {
      for (let column = 0; column <= columns; column++) {
        const [point, normal] = place(column / columns, row / rows);
        this.points.push(...point);
        this.normals.push(...normal);
        this.colours.push(...colour);
      }
    }
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const a = first + row * (columns + 1) + column;
        const b = a + columns + 1;
        // Where a row is drawn together to one point, the half of a cell is nothing.
        if (!this.isOne(b, b + 1)) this.triangles.push(3, a, b, b + 1);
        if (!this.isOne(a, a + 1)) this.triangles.push(3, a, b + 1, a + 1);
      }
    }
    return this;
  }

  /** Whether two corners are at the same place. */
  private isOne(a: number, b: number): boolean {
    return [0, 1, 2].every((i) => Math.abs(this.points[3 * a + i]! - this.points[3 * b + i]!) < 1e-9);
  }
}

export const RED: Colour = [226, 72, 66];
export const GREEN: Colour = [64, 170, 82];
export const BLUE: Colour = [70, 122, 232];

/** A tool's axes, of length 1: arrows along x (red), y (green) and z (blue), from a ball. */
export function axesShape(ball: Colour): Shape {
  const shape = new Shape();
  shape.arrow([0, 0, 0], [1, 0, 0], 0.028, RED);
  shape.arrow([0, 0, 0], [0, 1, 0], 0.028, GREEN);
  shape.arrow([0, 0, 0], [0, 0, 1], 0.028, BLUE);
  return shape.sphere([0, 0, 0], 0.1, ball, 12);
}

/** A tool whose tip is its origin, and which looks along z: the same with a body along -z. */
export function needleShape(body: Colour): Shape {
  const shape = axesShape(body);
  shape.rod([0, 0, 0], [0, 0, -0.4], [0.02, 0.05], body);
  shape.disc([0, 0, -0.4], [0, 0, 1], 0.085, body);
  shape.rod([0, 0, -0.4], [0, 0, -1.5], [0.085, 0.085], body);
  return shape.disc([0, 0, -1.5], [0, 0, -1], 0.085, body);
}

/** A tool of which only the place is known: a ball. */
export function pointShape(body: Colour): Shape {
  return new Shape().sphere([0, 0, 0], 0.16, body, 16);
}

function round(side: Vector, other: Vector, u: number): Vector {
  const angle = 2 * Math.PI * u;
  return added(scaled(side, Math.cos(angle)), other, Math.sin(angle));
}

/** Two directions that are at right angles to this one and to each other; all of length 1. */
function across(n: Vector): [Vector, Vector] {
  const axis: Vector = Math.abs(n[0]) < 0.6 ? [1, 0, 0] : [0, 1, 0];
  const side = unit(cross(n, axis));
  return [side, cross(n, side)];
}

function added(a: Vector, b: Vector, factor: number): Vector {
  return [a[0] + factor * b[0], a[1] + factor * b[1], a[2] + factor * b[2]];
}

function scaled(v: Vector, factor: number): Vector {
  return [v[0] * factor, v[1] * factor, v[2] * factor];
}

function unit(v: Vector): Vector {
  return scaled(v, 1 / (Math.hypot(...v) || 1));
}
