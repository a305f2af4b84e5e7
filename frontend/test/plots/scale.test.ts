import { expect, test } from "vitest";
import { digitsOf, steady } from "../../src/plots/scale";

const FREE = { least: 0.5, fromZero: false };
const FROM_ZERO = { least: 1, fromZero: true };

test("all data, air around it, round numbers", () => {
  expect(steady(-80, 80, FREE, null)).toEqual([-100, 100]);
  expect(steady(3, 97, FROM_ZERO, null)).toEqual([0, 120]);
});

test("noise alone does not fill the plot", () => {
  const [bottom, top] = steady(10, 10.001, FREE, null);
  expect(top - bottom).toBeGreaterThanOrEqual(0.5);
  expect(bottom).toBeLessThan(10);
  const [low, high] = steady(1000.125, 1000.125, { least: 1e-6, fromZero: false }, null);
  expect(high - low).toBeGreaterThanOrEqual(1);
});

test("the axis stays while the data fits it well", () => {
  const before = steady(-80, 80, FREE, null);
  expect(steady(-70, 95, FREE, before)).toBe(before);
  expect(steady(-70, 101, FREE, before)).not.toBe(before);
  expect(steady(-1, 1, FREE, before)).not.toBe(before);
});

test("without data the axis stays too", () => {
  expect(steady(Infinity, -Infinity, FREE, [3, 4])).toEqual([3, 4]);
  expect(steady(NaN, NaN, FREE, null)).toEqual([0, 0.5]);
});

test("a negative latency is seen", () => {
  expect(steady(-30, 5, FROM_ZERO, null)[0]).toBeLessThanOrEqual(-30);
});

test("numbers of an axis have the digits that tell them apart", () => {
  expect([20, 1, 0.5, 0.25, 0.1 + 0.2, 2e-7].map(digitsOf)).toEqual([0, 0, 1, 2, 1, 7]);
});
