import { expect, test } from "vitest";
import { axesShape, needleShape, Shape } from "../../src/space/shapes";

const GREY = [1, 2, 3] as const;

/** For each triangle: does its winding look where its first corner's normal looks? */
function outward({ points: p, normals: n, triangles }: Shape): boolean[] {
  const results: boolean[] = [];
  for (let at = 0; at < triangles.length; at += 4) {
    const [a, b, c] = [1, 2, 3].map((i) => 3 * triangles[at + i]!) as [number, number, number];
    const u = [0, 1, 2].map((i) => p[b + i]! - p[a + i]!);
    const v = [0, 1, 2].map((i) => p[c + i]! - p[a + i]!);
    const area = [
      u[1]! * v[2]! - u[2]! * v[1]!,
      u[2]! * v[0]! - u[0]! * v[2]!,
      u[0]! * v[1]! - u[1]! * v[0]!,
    ];
    results.push(area.reduce((sum, x, i) => sum + x * n[a + i]!, 0) > 0);
  }
  return results;
}

test("all sides of a tool are lit from outside", () => {
  const sides = outward(needleShape(GREY));
  expect(sides.length).toBeGreaterThan(200);
  expect(sides.every(Boolean)).toBe(true);
});

test("a ball's points are a radius from its middle, and its normals look away from it", () => {
  const { points, normals } = new Shape().sphere([10, 0, 0], 2, GREY, 8);
  for (let i = 0; i < points.length; i += 3) {
    expect(Math.hypot(points[i]! - 10, points[i + 1]!, points[i + 2]!)).toBeCloseTo(2, 9);
    expect(normals[i]).toBeCloseTo((points[i]! - 10) / 2, 9);
  }
});

test("a rod reaches from its one end to the other, with both radii", () => {
  const { points } = new Shape().rod([0, 0, 0], [0, 0, 10], [1, 3], GREY);
  const radii = (z: number) => {
    const ends = points.filter((_, i) => i % 3 === 2 && Math.abs(points[i]! - z) < 1e-9);
    expect(ends.length).toBeGreaterThan(0);
    return Math.max(
      ...points.flatMap((x, i) =>
        i % 3 === 0 && Math.abs(points[i + 2]! - z) < 1e-9 ? [Math.hypot(x, points[i + 1]!)] : [],
      ),
    );
  };
  expect(radii(0)).toBeCloseTo(1, 9);
  expect(radii(10)).toBeCloseTo(3, 9);
});

test("a rod without length is nothing", () => {
  expect(new Shape().rod([1, 1, 1], [1, 1, 1], [1, 1], GREY).points).toEqual([]);
});

test("a tool's axes are 1 long, red along x, and a needle's body lies along -z", () => {
  const { points, colours } = needleShape(GREY);
  const farthest = (axis: number, sign: number) => {
    const values = points.map((value, i) => (i % 3 === axis ? sign * value : -Infinity));
    const greatest = Math.max(...values);
    const corner = values.indexOf(greatest) - axis;
    return [greatest, ...colours.slice(corner, corner + 3)];
  };
  expect(farthest(0, 1)).toEqual([1, 226, 72, 66]);
  expect(farthest(1, 1)).toEqual([1, 64, 170, 82]);
  expect(farthest(2, 1)).toEqual([1, 70, 122, 232]);
  expect(farthest(2, -1)).toEqual([1.5, 1, 2, 3]);
  expect(Math.min(...axesShape(GREY).points)).toBeGreaterThan(-0.2);
});
