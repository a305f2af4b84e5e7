import { expect, test } from "vitest";
import { isMatrix, isWide, number } from "../../src/devices/value";

test("numbers: whole ones as they are, others with four digits", () => {
  expect(number(48)).toBe("48");
  expect(number(-3)).toBe("\u22123");
  expect(number(0.99984)).toBe("0.9998");
  expect(number(-1.23456)).toBe("\u22121.2346");
  expect(number(1.5e-9)).toBe("1.5000e\u22129");
  expect(number(null)).toBe("not a number");
});

test("a matrix is rows of numbers of one length", () => {
  expect(isMatrix([[1, 0], [0, 1]])).toBe(true);
  expect(isMatrix([[1, null], [0, 1]])).toBe(true);
  expect(isMatrix([[1, 0], [0]])).toBe(false);
  expect(isMatrix([1, 2])).toBe(false);
  expect(isMatrix([["a", "b"], ["c", "d"]])).toBe(false);
});

test("short values stand beside their names", () => {
  expect(isWide([1, 2, 3])).toBe(false);
  expect(isWide("short")).toBe(false);
  expect(isWide([[1, 0], [0, 1]])).toBe(true);
  expect(isWide("x".repeat(80))).toBe(true);
  expect(isWide(null)).toBe(false);
});
