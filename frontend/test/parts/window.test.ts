import { expect, test } from "vitest";
import { inSight, itemAt, scrolledTo, topsOf } from "../../src/parts/window";

const tops = topsOf([50, 40, 44, 44, 90, 44]);

test("tops add up", () => {
  expect(tops).toEqual([0, 50, 90, 134, 178, 268, 312]);
});

test("what is partly in sight is drawn, what is far off is not", () => {
  expect(inSight(tops, 0, 60, 0)).toEqual({ first: 0, last: 2 });
  expect(inSight(tops, 60, 130, 0)).toEqual({ first: 1, last: 3 });
  expect(inSight(tops, 200, 312, 0)).toEqual({ first: 4, last: 6 });
  expect(inSight(topsOf([]), 0, 500)).toEqual({ first: 0, last: 0 });
});

test("of many items few are drawn, wherever it is scrolled to", () => {
  const many = topsOf(Array.from({ length: 5000 }, () => 44));
  for (const from of [0, 1000, 110_000, 219_500]) {
    const { first, last } = inSight(many, from, from + 500);
    expect(last - first).toBeLessThan(23);
    expect(many[first]!).toBeLessThanOrEqual(from);
    expect(many[last]!).toBeGreaterThanOrEqual(Math.min(from + 500, many.at(-1)!));
  }
});

test("it is scrolled as little as can be", () => {
  expect(scrolledTo(tops, 0, 100, 150)).toBe(0);
  expect(scrolledTo(tops, 2, 60, 150)).toBe(60);
  expect(scrolledTo(tops, 5, 0, 150)).toBe(162);
});

test("the item at a distance from the top", () => {
  expect([-10, 0, 49, 50, 311, 312, 900].map((distance) => itemAt(tops, distance))).toEqual([0, 0, 0, 1, 5, 5, 5]);
});
