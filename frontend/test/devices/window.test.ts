import { expect, test } from "vitest";
import { extent, inSight, scrolledTo } from "../../src/devices/window";

const { tops, height } = extent([50, 40, 44, 44, 90, 44]);

test("tops add up", () => {
  expect(tops).toEqual([0, 50, 90, 134, 178, 268, 312]);
  expect(height).toBe(312);
});

test("what is partly in sight is drawn, what is far off is not", () => {
  expect(inSight(tops, 0, 60, 0)).toEqual({ first: 0, last: 2 });
  expect(inSight(tops, 60, 130, 0)).toEqual({ first: 1, last: 3 });
  expect(inSight(tops, 200, 312, 0)).toEqual({ first: 4, last: 6 });
  expect(inSight(extent([]).tops, 0, 500)).toEqual({ first: 0, last: 0 });
});

test("of many items few are drawn, wherever it is scrolled to", () => {
  const many = extent(Array.from({ length: 5000 }, () => 44));
  for (const from of [0, 1000, 110_000, 219_500]) {
    const { first, last } = inSight(many.tops, from, from + 500);
    expect(last - first).toBeLessThan(23);
    expect(many.tops[first]!).toBeLessThanOrEqual(from);
    expect(many.tops[last]!).toBeGreaterThanOrEqual(Math.min(from + 500, many.height));
  }
});

test("it is scrolled as little as can be", () => {
  expect(scrolledTo(tops, 0, 100, 150)).toBe(0);
  expect(scrolledTo(tops, 2, 60, 150)).toBe(60);
  expect(scrolledTo(tops, 5, 0, 150)).toBe(162);
});
