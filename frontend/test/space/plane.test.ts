import { expect, test } from "vitest";
import type { PictureHead } from "../../src/api";
import { applied, identity } from "../../src/space/matrix";
import { readSquare } from "../../src/space/plane";

function head(matrix: number[]): PictureHead {
  return { matrix, width: 640, height: 480 } as PictureHead;
}

test("the square's corners are the outer edges of the outer pixels", () => {
  // Columns along x, 0.5 mm apart; rows along -z, 0.25 mm apart; the first pixel's centre at
  // (10, 20, 30).
  const into = identity();
  const matrix = [0.5, 0, 0, 10, 0, 0, 1, 20, 0, -0.25, 0, 30, 0, 0, 0, 1];
  expect(readSquare(head(matrix), into)).toBe(true);
  expect(applied(into, 0, 0, 0)).toEqual([9.75, 20, 30.125]);
  expect(applied(into, 1, 0, 0)).toEqual([329.75, 20, 30.125]);
  expect(applied(into, 0, 1, 0)).toEqual([9.75, 20, -89.875]);
});

test("a picture without a place is not shown", () => {
  expect(readSquare(head([NaN, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), identity())).toBe(false);
});
