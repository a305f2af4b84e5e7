import { beforeEach, expect, test, vi } from "vitest";
import { delay, meterOf, painted, rate } from "../src/meter";

// The screen and the clock are the test's; frames are shown when it says so.
let frames: (() => void)[] = [];
let now = 0;
let row = 0;

beforeEach(() => {
  frames = [];
  now = 1_000_000;
  row += 1;
  vi.stubGlobal("requestAnimationFrame", (frame: () => void) => frames.push(frame));
  vi.stubGlobal("performance", { timeOrigin: 0, now: () => now });
});

function frame(): void {
  for (const show of frames.splice(0)) show();
}

test("thirty pictures a second, each 40 ms old when it is seen", () => {
  for (let i = 0; i < 60; i++) {
    painted(row, now / 1000 - 0.03);
    now += 10;
    frame();
    now += 1000 / 30 - 10;
  }
  expect(meterOf(row).painted).toBe(60);
  expect(rate(row)).toBeCloseTo(30, 0);
  expect(delay(row)).toBeCloseTo(0.04);
});

test("of several within one frame the last is seen, the others were skipped", () => {
  painted(row, 999, 2);
  painted(row, 999.5);
  painted(row, 999.9, 1);
  frame();
  expect(meterOf(row)).toMatchObject({ painted: 1, skipped: 5 });
  expect(delay(row)).toBeCloseTo(0.1);
});

test("what was not drawn since the last frame is not counted again", () => {
  painted(row, 999);
  frame();
  frame();
  expect(meterOf(row).painted).toBe(1);
});

test("a burst after a pause is no high rate, and a stream that ended has none", () => {
  for (let i = 0; i < 5; i++) {
    painted(row, null);
    now += 16;
    frame();
  }
  now += 1000;
  expect(rate(row)).toBeLessThan(10);
  now += 2000;
  expect(rate(row)).toBe(0);
});

test("without times in headers there is no delay", () => {
  painted(row, null);
  frame();
  expect(delay(row)).toBeNull();
});
