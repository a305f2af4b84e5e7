import { expect, test } from "vitest";
import {
  angles,
  columnMajor,
  determinant,
  identity,
  multiply,
  read,
  replaced,
  type Matrix,
} from "../../src/space/matrix";

const of = (...twelve: number[]): Matrix => Float64Array.of(...twelve, 0, 0, 0, 1);

test("what is written may be one of what is read", () => {
  const a = of(1, 2, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3);
  const b = of(1, 0, 0, 5, 3, 1, 0, 0, 0, 0, 1, 0);
  const expected = [7, 2, 0, 6, 3, 1, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1];
  expect([...multiply(a, b, identity())]).toEqual(expected);
  expect([...multiply(a, b, b)]).toEqual(expected);
});

test("a determinant tells mirrored and flat ones", () => {
  expect(determinant(of(2, 0, 0, 9, 0, 3, 0, 9, 0, 0, 4, 9))).toBe(24);
  expect(determinant(of(-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0))).toBe(-1);
  expect(determinant(of(1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0))).toBe(0);
});

test("too few numbers, or ones that are none, are not read", () => {
  const into = of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  const before = [...into];
  expect(read([1, 2, 3], into)).toBe(false);
  expect(read([1, 0, 0, null, 0, 1, 0, 0, 0, 0, 1, 0], into)).toBe(false);
  expect([...into]).toEqual(before);
});

test("vtk.js gets columns, scaled but for the place", () => {
  const m = of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  const expected = [2, 10, 18, 0, 4, 12, 20, 0, 6, 14, 22, 0, 4, 8, 12, 1];
  expect([...columnMajor(m, 2, identity())]).toEqual(expected);
});

test("another matrix is told from the same", () => {
  const held = identity();
  const other = of(1, 0, 0, 0.001, 0, 1, 0, 0, 0, 0, 1, 0);
  expect(replaced(held, other)).toBe(true);
  expect(replaced(held, other)).toBe(false);
  expect(held[3]).toBe(0.001);
});

// cos and sin of 30, 20 and 10 degrees, as a table has them.
const [C30, S30, C20, S20] = [0.8660254038, 0.5, 0.9396926208, 0.3420201433];

test("angles are about x, then y, then z", () => {
  const about = (m: Matrix) => angles(m).map((angle) => Math.round(angle * 1e4) / 1e4 + 0);
  expect(about(of(1, 0, 0, 0, 0, C30, -S30, 0, 0, S30, C30, 0))).toEqual([30, 0, 0]);
  expect(about(of(C20, 0, S20, 0, 0, 1, 0, 0, -S20, 0, C20, 0))).toEqual([0, 20, 0]);
  expect(about(of(C30, -S30, 0, 0, S30, C30, 0, 0, 0, 0, 1, 0))).toEqual([0, 0, 30]);
  // Rz(30) Rx(30): the first row is (cos, -sin cos, sin sin).
  const both = of(C30, -S30 * C30, S30 * S30, 0, S30, C30 * C30, -C30 * S30, 0, 0, S30, C30, 0);
  expect(about(both)).toEqual([30, 0, 30]);
  expect(about(of(0, 0, 1, 0, 0, 1, 0, 0, -1, 0, 0, 0))).toEqual([0, 90, 0]);
  expect(about(of(3 * C30, -S30, 0, 0, 3 * S30, C30, 0, 0, 0, 0, 2, 0))).toEqual([0, 0, 30]);
});
