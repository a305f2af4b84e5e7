// POLYDATA: a surface with lines and points, coloured by one of its arrays.

import { typed, type SceneArray, type SceneHead } from "../api";
import { checkCells } from "./cells";
import { COLOUR_MAPS, coloured, taken } from "./colours";
import type { Item } from "./item";
import type { Label } from "./letters";
import type { Matrix } from "./matrix";
import { smoothNormals } from "./normals";
import type { Colour } from "./shapes";
import { Solid, type Cells } from "./solid";

const CELLS = { vertices: "verts", lines: "lines", polygons: "polys", strips: "strips" } as const;
const SCALARS = "scalars:";
const NORMALS = "normals:";
/** Bone: what surfaces without values look like. */
const PLAIN: Colour = [222, 206, 178];
/** Fewer polygons than this are a body with edges; more are something smooth. */
const FEW_POLYGONS = 400;

export class Surface implements Item {
  readonly kind = "surface";
  readonly id: string;
  readonly solids: readonly Solid[];
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
  private readonly solid = new Solid();
  private head: SceneHead | null = null;
  private payload: Uint8Array = new Uint8Array();
  private isChosen = false;

  constructor(
    row: number,
    readonly name: string,
  ) {
    this.id = String(row);
    this.solids = [this.solid];
    const property = this.solid.actor.getProperty();
    property.setColor(PLAIN[0] / 255, PLAIN[1] / 255, PLAIN[2] / 255);
    property.setPointSize(5);
    property.setLineWidth(2);
    this.setShown(false);
  }

  /**
   * Take a message. Throws a RangeError where its arrays do not fit together.
   *
   * @returns whether it is another than the one before; models are sent again and again.
   */
  take(head: SceneHead, payload: Uint8Array): boolean {
    if (this.isThere && isSame(this.head!, head) && areEqual(this.payload, payload)) return false;
    this.head = head;
    this.payload = payload;
    this.frame = head.frame;
    this.isThere = false;
    const points = this.array("points") as Float32Array | null;
    if (!points) return true;
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
    return true;
  }

  /** Colour it by an array, or by none (""); `map` is one of `COLOUR_MAPS`. */
  colourBy(scalar: string, map: string): void {
    this.isChosen = true;
    this.scalar = scalar;
    this.map = map;
    this.paint();
  }

  place(matrix: Matrix): boolean {
    return this.solid.place(matrix);
  }

  setShown(shown: boolean): void {
    this.solid.actor.setVisibility(shown);
  }

  setOpacity(opacity: number): void {
    this.solid.actor.getProperty().setOpacity(opacity);
  }

  setWanted(): void {}

  labels(): readonly Label[] {
    return [];
  }

  dispose(): void {
    this.solid.dispose();
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

function isSame(a: SceneHead, b: SceneHead): boolean {
  return JSON.stringify({ ...a, seq: 0 }) === JSON.stringify({ ...b, seq: 0 });
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The first of several values for each point. */
function first(values: ArrayLike<number>, components: number): ArrayLike<number> {
  if (components === 1) return values;
  return Float32Array.from({ length: values.length / components }, (_, i) => values[i * components]!);
}
