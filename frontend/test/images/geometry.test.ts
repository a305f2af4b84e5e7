import { expect, test } from "vitest";
import {
  AS_SENT,
  type Vector,
  flippedAcross,
  letters,
  placing,
  plane,
  planes,
  position,
  spacing,
  usual,
  voxel,
} from "../../src/images/geometry";

/** Steps along columns and rows, and where the first pixel is, as 16 numbers row by row. */
function matrix(column: Vector, row: Vector, origin: Vector = [0, 0, 0]): number[] {
  const lines = [0, 1, 2].map((n) => [column[n]!, row[n]!, 0, origin[n]!]);
  return [...lines.flat(), 0, 0, 0, 1];
}

// Axial CT as DICOM stores it: columns go to the patient's left, rows to the back.
const AXIAL_LPS = matrix([-0.5, 0, 0], [0, -0.5, 0], [60, 70, -20]);
// The same patient in a file whose voxels are ordered RAS: columns to the right, rows to the front.
const AXIAL_RAS = matrix([0.5, 0, 0], [0, 0.5, 0]);
const USUAL_EDGES = { left: "R", right: "L", top: "A", bottom: "P" };

test("axial CT in DICOM's order is shown as it was sent", () => {
  expect(plane(AXIAL_LPS)).toBe("axial");
  expect(usual(AXIAL_LPS)).toEqual(AS_SENT);
  expect(letters(AXIAL_LPS, AS_SENT)).toEqual(USUAL_EDGES);
});

test("axial CT in RAS order is turned by half a turn", () => {
  expect(usual(AXIAL_RAS)).toEqual({
    across: { along: "column", sign: -1 },
    down: { along: "row", sign: -1 },
  });
  expect(letters(AXIAL_RAS, usual(AXIAL_RAS))).toEqual(USUAL_EDGES);
  expect(letters(AXIAL_RAS, AS_SENT)).toEqual({ left: "L", right: "R", top: "P", bottom: "A" });
});

test("coronal: the patient's left to the right, the head up", () => {
  const slice = matrix([0.5, 0, 0], [0, 0, 2]);
  expect(plane(slice)).toBe("coronal");
  expect(letters(slice, usual(slice))).toEqual({ left: "R", right: "L", top: "S", bottom: "I" });
});

test("sagittal: the face to the left, the head up", () => {
  for (const slice of [matrix([0, 0.5, 0], [0, 0, 2]), matrix([0, -0.5, 0], [0, 0, -2])]) {
    expect(plane(slice)).toBe("sagittal");
    expect(letters(slice, usual(slice))).toEqual({ left: "A", right: "P", top: "S", bottom: "I" });
  }
});

test("a slice whose columns go down the patient is turned upright", () => {
  const slice = matrix([0, 0, -1], [-1, 0, 0]); // columns to the feet, rows to the left
  expect(usual(slice)).toEqual({ across: { along: "row", sign: 1 }, down: { along: "column", sign: 1 } });
  expect(letters(slice, usual(slice))).toEqual({ left: "R", right: "L", top: "S", bottom: "I" });
});

test("a tilt of 15 degrees, as of a CT's gantry, is still axial", () => {
  const tilted = matrix([-1, 0, 0], [0, -0.966, 0.259]);
  expect(plane(tilted)).toBe("axial");
  expect(letters(tilted, usual(tilted))).toEqual(USUAL_EDGES);
});

test("an oblique ultrasound picture is shown as it was sent, with the letters of both sides", () => {
  const oblique = matrix([0.26, 0.26, 0], [0, 0, -0.375]); // columns half way between R and A
  expect(plane(oblique)).toBe("oblique");
  expect(usual(oblique)).toEqual(AS_SENT);
  expect(letters(oblique, AS_SENT)).toEqual({ left: "LP", right: "RA", top: "S", bottom: "I" });
});

test("a picture turned by 45 degrees in its plane is shown as it was sent", () => {
  expect(usual(matrix([-0.7, 0.7, 0], [-0.7, -0.7, 0]))).toEqual(AS_SENT);
});

test("flipping across exchanges the letters left and right, and no others", () => {
  const { left, right, top, bottom } = letters(AXIAL_LPS, flippedAcross(AS_SENT));
  expect([left, right, top, bottom]).toEqual(["L", "R", "A", "P"]);
});

test("the three ways through a volume have names, whichever slice is looked at", () => {
  const names = { i: "sagittal", j: "coronal", k: "axial" };
  expect(planes(AXIAL_LPS, "k")).toEqual(names);
  expect(planes(matrix([-0.5, 0, 0], [0, 0, 2]), "j")).toEqual(names);
  expect(planes(matrix([0, -0.5, 0], [0, 0, 2]), "i")).toEqual(names);
});

test("where a pixel is, in mm", () => {
  // 60 - 0.5 * 100 = 10; 70 - 0.5 * 40 = 50; -20.
  expect(position(AXIAL_LPS, 100, 40)).toEqual([10, 50, -20]);
  // Columns of 2 mm to the front, rows of 3 mm up: (5, 6 + 2 * 3, 7 + 3 * 4).
  expect(position(matrix([0, 2, 0], [0, 0, 3], [5, 6, 7]), 3, 4)).toEqual([5, 12, 19]);
});

test("which voxel a pixel is", () => {
  const across = (axis: "i" | "j" | "k") => ({ volume: { size: [9, 9, 9] as Vector, axis, slice: 7 } });
  expect(voxel(across("k"), 1, 2)).toEqual([1, 2, 7]);
  expect(voxel(across("j"), 1, 2)).toEqual([1, 7, 2]);
  expect(voxel(across("i"), 1, 2)).toEqual([7, 1, 2]);
  expect(voxel({ volume: null }, 1, 2)).toEqual([1, 2, 0]);
});

test("pixels without a size are square", () => {
  expect(spacing(matrix([3, 4, 0], [0, 0, 2]))).toEqual([5, 2]);
  expect(spacing(matrix([0, 0, 0], [0, 1, 0]))).toEqual([1, 1]);
  expect(spacing(Array<number>(16).fill(NaN))).toEqual([1, 1]);
});

test("moving a picture changes nothing around it, turning or another depth does", () => {
  const moved = matrix([-0.5, 0, 0], [0, -0.5, 0], [1, 2, 3]);
  expect(placing(moved)).toBe(placing(AXIAL_LPS));
  expect(placing(AXIAL_RAS)).not.toBe(placing(AXIAL_LPS));
  expect(placing(matrix([-0.6, 0, 0], [0, -0.5, 0]))).not.toBe(placing(AXIAL_LPS));
});
