// POLYDATA: a surface with lines and points, coloured by one of its arrays.

import { typed, type SceneArray, type SceneHead } from "../api";
import { COLOUR_MAPS, coloured, taken } from "./colours";
import { Body, type Item } from "./item";
import { smoothNormals } from "./normals";
import type { Colour } from "./shapes";
import type { Cells } from "./solid";

const CELLS = { vertices: "verts", lines: "lines", polygons: "polys", strips: "strips" } as const;
const SCALARS = "scalars:";
const NORMALS = "normals:";
/** Bone: what surfaces without values look like. */
const PLAIN: Colour = [222, 206, 178];
/** Fewer polygons than this are a body with edges; more are something smooth. */
const FEW_POLYGONS = 400;

export class Surface extends Body implements Item {
  readonly kind = "surface";
  readonly id: string;
  frame = "World";
  isThere = false;
  /** Names of the arrays by which it can be coloured. */
  scalars: readonly string[] = [];
  /** The one that is; "" is none. */
  scalar = "";
  map = "Rainbow";
  /** Least and greatest value of that array; null without one. */
  range: readonly [number, number] | null = null;
  triangles = 0;
  private head: SceneHead | null = null;
  private payload: Uint8Array = new Uint8Array();
  private isChosen = false;

  constructor(
    row: number,
    readonly name: string,
  ) {
    super();
    this.id = String(row);
    const property = this.solid.actor.getProperty();
    property.setColor(PLAIN[0] / 255, PLAIN[1] / 255, PLAIN[2] / 255);
    property.setPointSize(5);
    property.setLineWidth(2);
  }

  /** Take a message. Throws a RangeError where its arrays do not fit together. */
  take(head: SceneHead, payload: Uint8Array): void {
    this.head = head;
    this.payload = payload;
    this.frame = head.frame;
    this.isThere = false;
    const points = this.array("points") as Float32Array | null;
    if (!points) return;
    for (const name of Object.keys(CELLS)) {
      checkCells(name, this.array(name) ?? [], points.length / 3);
    }
    this.solid.setPoints(points);
    for (const [name, kind] of Object.entries(CELLS)) {
      this.solid.setCells(kind, (this.array(name) as Cells | null) ?? new Uint32Array());
    }
    this.solid.setNormals(this.normals(points));
    this.scalars = this.named(SCALARS).map(({ name }) => name.slice(SCALARS.length));
    if (!this.isChosen || !this.scalars.includes(this.scalar)) this.scalar = this.scalars[0] ?? "";
    this.paint();
    this.isThere = points.length > 0;
  }

  /** Colour it by an array, or by none (""); `map` is one of `COLOUR_MAPS`. */
  colourBy(scalar: string, map: string): void {
    this.isChosen = true;
    this.scalar = scalar;
    this.map = map;
    this.paint();
  }

  private paint(): void {
    const array = this.named(SCALARS).find(({ name }) => name === SCALARS + this.scalar);
    this.range = array?.range ?? null;
    if (!array) return this.solid.setColours(null);
    const values = this.values(array);
    const components = array.shape[1] ?? 1;
    const colours =
      components >= 3
        ? taken(values, components, array.range[1])
        : coloured(first(values, components), array.range, COLOUR_MAPS[this.map]!);
    this.solid.setColours(colours, array.on);
  }

  private normals(points: Float32Array): Float32Array | null {
    const given = this.named(NORMALS).find(({ on }) => on === "points");
    if (given) return this.values(given) as Float32Array;
    const polygons = this.array("polygons");
    this.triangles = polygons ? polygons.length / 4 : 0;
    return polygons && this.triangles > FEW_POLYGONS ? smoothNormals(points, polygons) : null;
  }

  private named(prefix: string): SceneArray[] {
    return (this.head?.arrays ?? []).filter(({ name }) => name.startsWith(prefix));
  }

  private array(name: string): ReturnType<typeof typed> | null {
    const array = this.head?.arrays?.find((one) => one.name === name);
    return array ? this.values(array) : null;
  }

  private values({ dtype, offset, shape }: SceneArray) {
    return typed(this.payload, dtype, offset, shape.reduce((product, n) => product * n, 1));
  }
}

/** The first of several values for each point. */
function first(values: ArrayLike<number>, components: number): ArrayLike<number> {
  if (components === 1) return values;
  return Float32Array.from({ length: values.length / components }, (_, i) => values[i * components]!);
}

/**
 * Look at cells before they are drawn; they are in VTK's form: n, i0, i1, ...
 *
 * @param kind for the message: "polygons".
 * @param points how many points there are.
 * @throws RangeError where a cell is cut off, or has a corner that is no point.
 */
export function checkCells(kind: string, cells: ArrayLike<number>, points: number): void {
  for (let at = 0; at < cells.length; ) {
    const end = at + 1 + cells[at]!;
    if (end > cells.length) {
      throw new RangeError(`${kind} end within a cell of ${cells[at]} corners; send them whole`);
    }
    for (let i = at + 1; i < end; i++) {
      if (cells[i]! < points) continue;
      throw new RangeError(`${kind} name point ${cells[i]}, but there are only ${points} points`);
    }
    at = end;
  }
}
