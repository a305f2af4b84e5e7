// Where a picture is and how it is shown: planes, flips, letters at the edges, positions in mm.
// Matrices are 16 numbers row by row, from (column, row, 0, 1), centres of pixels, to mm RAS.

import type { PictureHead } from "../api";

export type Axis = "i" | "j" | "k";
export type Vector = [number, number, number];
export type Plane = "axial" | "coronal" | "sagittal" | "oblique";

/** What is shown to the right, and downwards: along which axis of the picture, and which way. */
export interface Direction {
  along: "column" | "row";
  sign: 1 | -1;
}

export interface Orientation {
  across: Direction;
  down: Direction;
}

export interface Letters {
  left: string;
  right: string;
  top: string;
  bottom: string;
}

export const AS_SENT: Orientation = {
  across: { along: "column", sign: 1 },
  down: { along: "row", sign: 1 },
};

/** The cosine up to which a direction is called that of a patient's axis: 25 degrees. */
const NEAR = Math.cos((25 * Math.PI) / 180);
/** Parts smaller than this get no letter: 20 degrees off. */
const LETTER = Math.sin((20 * Math.PI) / 180);
const ENDS = ["RL", "AP", "SI"] as const;
const PLANES: Plane[] = ["sagittal", "coronal", "axial"];
/** Where right, anterior and superior are shown: 1 is to the right or downwards. */
const USUAL: Record<Exclude<Plane, "oblique">, { across: [number, 1 | -1]; down: [number, 1 | -1] }> = {
  axial: { across: [0, -1], down: [1, -1] },
  coronal: { across: [0, -1], down: [2, -1] },
  sagittal: { across: [1, -1], down: [2, -1] },
};

/** One step along the picture's columns (0) or rows (1), in mm. */
export function step(matrix: readonly number[], column: 0 | 1): Vector {
  return [matrix[column]!, matrix[4 + column]!, matrix[8 + column]!];
}

/** Where the centre of a pixel is, in mm RAS. */
export function position(matrix: readonly number[], column: number, row: number): Vector {
  const along = (n: number) =>
    matrix[n]! * column + matrix[n + 1]! * row + matrix[n + 3]!;
  return [along(0), along(4), along(8)];
}

/** Width and height of a pixel in mm; 1 where the matrix says nothing. */
export function spacing(matrix: readonly number[]): [number, number] {
  const width = Math.hypot(...step(matrix, 0));
  const height = Math.hypot(...step(matrix, 1));
  return width > 0 && height > 0 && Number.isFinite(width * height) ? [width, height] : [1, 1];
}

function unit(vector: Vector): Vector {
  const length = Math.hypot(...vector) || 1;
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}

function cross([a, b, c]: Vector, [x, y, z]: Vector): Vector {
  return [b * z - c * y, c * x - a * z, a * y - b * x];
}

/** The patient's axis (0 R, 1 A, 2 S) that a direction is near, and which way along it. */
function nearest(direction: Vector): { axis: number; sign: 1 | -1 } | null {
  const axis = unit(direction).findIndex((part) => Math.abs(part) >= NEAR);
  return axis < 0 ? null : { axis, sign: direction[axis]! > 0 ? 1 : -1 };
}

/** What a plane with this normal is called. */
function planeAcross(normal: Vector): Plane {
  const near = nearest(normal);
  return near ? PLANES[near.axis]! : "oblique";
}

/** The name of the plane that a picture lies in. */
export function plane(matrix: readonly number[]): Plane {
  return planeAcross(cross(step(matrix, 0), step(matrix, 1)));
}

/** What slices across each axis of a volume are called, by the matrix of one of its slices. */
export function planes(matrix: readonly number[], across: Axis): Record<Axis, Plane> {
  const column = step(matrix, 0);
  const row = step(matrix, 1);
  const [columns, rows] = flatAxes(across);
  const names = { i: "oblique", j: "oblique", k: "oblique" } as Record<Axis, Plane>;
  names[columns] = planeAcross(column);
  names[rows] = planeAcross(row);
  names[across] = planeAcross(cross(column, row));
  return names;
}

/** Along which axes of the volume the columns and rows of a slice are counted. */
function flatAxes(across: Axis): [Axis, Axis] {
  return across === "k" ? ["i", "j"] : across === "j" ? ["i", "k"] : ["j", "k"];
}

/** The voxel of a pixel; flat pictures are slice 0. */
export function voxel(head: Pick<PictureHead, "volume">, column: number, row: number): Vector {
  const { axis, slice } = head.volume ?? { axis: "k", slice: 0 };
  if (axis === "k") return [column, row, slice];
  return axis === "j" ? [column, slice, row] : [slice, column, row];
}

/**
 * How a picture is shown the usual way: the patient's left to the right (sagittal: anterior to the
 * left), anterior or superior up. Oblique ones, and those turned in their plane, as they were sent.
 */
export function usual(matrix: readonly number[]): Orientation {
  const name = plane(matrix);
  const column = nearest(step(matrix, 0));
  const row = nearest(step(matrix, 1));
  if (name === "oblique" || !column || !row) return AS_SENT;
  const towards = ([axis, shown]: [number, 1 | -1]): Direction =>
    column.axis === axis
      ? { along: "column", sign: column.sign === shown ? 1 : -1 }
      : { along: "row", sign: row.sign === shown ? 1 : -1 };
  return { across: towards(USUAL[name].across), down: towards(USUAL[name].down) };
}

/** The same with left and right exchanged as it is shown. */
export function flippedAcross({ across, down }: Orientation): Orientation {
  return { across: { ...across, sign: across.sign === 1 ? -1 : 1 }, down };
}

export function flippedDown({ across, down }: Orientation): Orientation {
  return { across, down: { ...down, sign: down.sign === 1 ? -1 : 1 } };
}

/** "L", or "LA" for a direction between two: what it points to most comes first. */
function letter(direction: Vector): string {
  return unit(direction)
    .map((part, axis) => ({ size: Math.abs(part), text: ENDS[axis]![part > 0 ? 0 : 1]! }))
    .filter(({ size }) => size > LETTER)
    .sort((a, b) => b.size - a.size)
    .map(({ text }) => text)
    .join("");
}

/** The same text for matrices with which a picture is shown alike, wherever it is in space. */
export function placing(matrix: readonly number[]): string {
  const size = spacing(matrix).map((mm) => mm.toPrecision(4));
  return [...size, ...Object.values(letters(matrix, AS_SENT)), plane(matrix)].join(" ");
}

/** Towards which side of the patient each edge of the shown picture lies. */
export function letters(matrix: readonly number[], { across, down }: Orientation): Letters {
  const towards = ({ along, sign }: Direction, way: number): string => {
    const [x, y, z] = step(matrix, along === "column" ? 0 : 1);
    return letter([x * sign * way, y * sign * way, z * sign * way]);
  };
  return {
    left: towards(across, -1),
    right: towards(across, 1),
    top: towards(down, -1),
    bottom: towards(down, 1),
  };
}
