import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pace } from "../../src/recordings/pace";
import { speeds } from "../../src/recordings/play_bar";
import { positionAfter, positionAt, share } from "../../src/recordings/position";

const SPAN = { start: 2, end: 102 };

test("a distance on the timeline is a position, ends included", () => {
  expect(positionAt(SPAN, 50, 200)).toBe(27);
  expect(positionAt(SPAN, -5, 200)).toBe(2);
  expect(positionAt(SPAN, 500, 200)).toBe(102);
  expect(positionAt(SPAN, 10, 0)).toBe(2);
});

test("how much is over", () => {
  expect(share(SPAN, 27)).toBe(0.25);
  expect(share(SPAN, 200)).toBe(1);
  expect(share({ start: 3, end: 3 }, 3)).toBe(0);
});

test("keys move by a second, by a tenth, to the ends", () => {
  expect(positionAfter(SPAN, 50, "ArrowRight")).toBe(51);
  expect(positionAfter(SPAN, 2.5, "ArrowLeft")).toBe(2);
  expect(positionAfter(SPAN, 50, "PageUp")).toBe(60);
  expect(positionAfter(SPAN, 50, "Home")).toBe(2);
  expect(positionAfter(SPAN, 50, "End")).toBe(102);
  expect(positionAfter(SPAN, 50, "x")).toBeUndefined();
  expect(positionAfter({ start: 0, end: 2 }, 1, "ArrowRight")).toBeCloseTo(1.1);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("while it is dragged for a second it seeks eleven times at most, at last where it was left", () => {
  const sought: number[] = [];
  const pace = new Pace<number>((position) => sought.push(position), 100);
  for (let i = 0; i <= 100; i++) {
    pace.ask(i);
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(1000);
  expect(sought.length).toBeLessThanOrEqual(12);
  expect(sought.length).toBeGreaterThan(8);
  expect(sought[0]).toBe(0);
  expect(sought.at(-1)).toBe(100);
});

test("what was asked for in between waits its turn, the newest of it", () => {
  const sought: number[] = [];
  const pace = new Pace<number>((position) => sought.push(position), 100);
  for (const position of [1, 2, 3]) pace.ask(position);
  expect(sought).toEqual([1]);
  vi.advanceTimersByTime(100);
  expect(sought).toEqual([1, 3]);
  vi.advanceTimersByTime(1000);
  expect(sought).toEqual([1, 3]);
});

test("once asked, once done", () => {
  const sought: number[] = [];
  const pace = new Pace<number>((position) => sought.push(position), 100);
  pace.ask(1);
  vi.advanceTimersByTime(500);
  pace.ask(2);
  vi.advanceTimersByTime(500);
  expect(sought).toEqual([1, 2]);
});

test("a speed that somebody set elsewhere can be seen", () => {
  expect(speeds(1).map((one) => one.value)).toEqual(["0.25", "0.5", "1", "2", "4", "8", "full"]);
  expect(speeds(3).map((one) => one.value)).toContain("3");
});
