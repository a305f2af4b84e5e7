import { expect, test } from "vitest";
import { inSight } from "../../src/plots/rolling";

test("of many lines only those in sight, and a few more", () => {
  const heights = new Array<number>(2000).fill(24);
  const sight = inSight(heights, 24 * 1000, 240);
  expect(sight).toEqual({ first: 992, end: 1018, above: 992 * 24, all: 48_000 });
});

test("at either end", () => {
  const heights = new Array<number>(100).fill(10);
  expect(inSight(heights, 0, 50)).toEqual({ first: 0, end: 13, above: 0, all: 1000 });
  expect(inSight(heights, 950, 50)).toEqual({ first: 87, end: 100, above: 870, all: 1000 });
});

test("lines of different heights", () => {
  const heights = new Array<number>(40).fill(10);
  heights[20] = 500;
  const sight = inSight(heights, 300, 100);
  expect([sight.first, sight.end]).toEqual([12, 29]);
  expect(sight.all).toBe(890);
});

test("none", () => {
  expect(inSight([], 0, 100)).toEqual({ first: 0, end: 0, above: 0, all: 0 });
});
