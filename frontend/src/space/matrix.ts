// Affine 4x4 matrices, row by row as on the wire: m[4 * row + column]. Points are columns: p' = M p.
// What is written is given last, and may be one of what is read.

export type Matrix = Float64Array;
export type Vector = [number, number, number];

export function identity(): Matrix {
  return Float64Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
}

/** Take the upper three rows as they came; false, and nothing is written, where a number is none. */
export function read(twelve: ArrayLike<number | null>, into: Matrix): boolean {
  if (twelve.length < 12) return false;
  for (let i = 0; i < 12; i++) if (!Number.isFinite(twelve[i])) return false;
  for (let i = 0; i < 12; i++) into[i] = twelve[i]!;
  into.set([0, 0, 0, 1], 12);
  return true;
}

const product = identity();

/** First `b`, then `a`: a b. */
export function multiply(a: Matrix, b: Matrix, into: Matrix): Matrix {
  for (let row = 0; row < 16; row += 4) {
    for (let column = 0; column < 4; column++) {
      product[row + column] =
        a[row]! * b[column]! +
        a[row + 1]! * b[4 + column]! +
        a[row + 2]! * b[8 + column]! +
        a[row + 3]! * b[12 + column]!;
    }
  }
  into.set(product);
  return into;
}

/** How much volumes grow; 0: it cannot be inverted. */
export function determinant(m: Matrix): number {
  return (
    m[0]! * (m[5]! * m[10]! - m[6]! * m[9]!) -
    m[1]! * (m[4]! * m[10]! - m[6]! * m[8]!) +
    m[2]! * (m[4]! * m[9]! - m[5]! * m[8]!)
  );
}

/** What spans less of space than this, of what its axes' lengths allow, is no pose. */
const FLAT = 1e-9;

/** Whether the three axes span space, so that there is an inverse. */
export function isPose(m: Matrix): boolean {
  const lengths = [0, 1, 2].map((i) => Math.hypot(m[i]!, m[4 + i]!, m[8 + i]!));
  return Math.abs(determinant(m)) > FLAT * lengths[0]! * lengths[1]! * lengths[2]!;
}

const inverse = identity();

/** The other way round, of what `isPose`. */
export function invert(m: Matrix, into: Matrix): Matrix {
  const d = 1 / determinant(m);
  inverse[0] = (m[5]! * m[10]! - m[6]! * m[9]!) * d;
  inverse[1] = (m[2]! * m[9]! - m[1]! * m[10]!) * d;
  inverse[2] = (m[1]! * m[6]! - m[2]! * m[5]!) * d;
  inverse[4] = (m[6]! * m[8]! - m[4]! * m[10]!) * d;
  inverse[5] = (m[0]! * m[10]! - m[2]! * m[8]!) * d;
  inverse[6] = (m[2]! * m[4]! - m[0]! * m[6]!) * d;
  inverse[8] = (m[4]! * m[9]! - m[5]! * m[8]!) * d;
  inverse[9] = (m[1]! * m[8]! - m[0]! * m[9]!) * d;
  inverse[10] = (m[0]! * m[5]! - m[1]! * m[4]!) * d;
  for (const row of [0, 4, 8]) {
    inverse[row + 3] = -(
      inverse[row]! * m[3]! +
      inverse[row + 1]! * m[7]! +
      inverse[row + 2]! * m[11]!
    );
  }
  into.set(inverse);
  return into;
}

export function applied(m: Matrix, x: number, y: number, z: number): Vector {
  return [
    m[0]! * x + m[1]! * y + m[2]! * z + m[3]!,
    m[4]! * x + m[5]! * y + m[6]! * z + m[7]!,
    m[8]! * x + m[9]! * y + m[10]! * z + m[11]!,
  ];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** Whether it was another; `from` is copied into `to`. */
export function replaced(to: Matrix, from: Matrix): boolean {
  for (let i = 0; i < 12; i++) {
    if (to[i] !== from[i]) {
      to.set(from);
      return true;
    }
  }
  return false;
}

/** Column by column, as vtk.js wants it, scaled about the origin of what is placed. */
export function columnMajor(m: Matrix, scale: number, into: Matrix): Matrix {
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 3; column++) into[4 * column + row] = m[4 * row + column]! * scale;
    into[12 + row] = m[4 * row + 3]!;
  }
  return into;
}

/**
 * Degrees about x, then y, then z of the frame that it leads to: rotation = Rz Ry Rx. Where y is
 * +-90 only the sum of the other two has a meaning; x is 0 then. Lengths of the axes do not matter.
 */
export function angles(m: Matrix): Vector {
  const [x, y, z] = [column(m, 0), column(m, 1), column(m, 2)];
  const horizontal = Math.hypot(x[0], x[1]);
  const about = Math.atan2(-x[2], horizontal);
  const locked = horizontal < 1e-9;
  const roll = locked ? 0 : Math.atan2(y[2], z[2]);
  const yaw = locked ? Math.atan2(-y[0], y[1]) : Math.atan2(x[1], x[0]);
  return [roll, about, yaw].map((angle) => (angle * 180) / Math.PI) as Vector;
}

function column(m: Matrix, index: number): Vector {
  const v: Vector = [m[index]!, m[4 + index]!, m[8 + index]!];
  const length = Math.hypot(...v) || 1;
  return [v[0] / length, v[1] / length, v[2] / length];
}
