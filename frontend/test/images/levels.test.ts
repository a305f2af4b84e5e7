import { expect, test } from "vitest";
import {
  BYTES,
  CT_PRESETS,
  automatic,
  between,
  dragged,
  isIdentity,
  presetsFor,
  shade,
  spanned,
  widened,
} from "../../src/images/levels";

test("bytes are shown as they are", () => {
  for (const value of [0, 1, 127, 128, 254, 255]) expect(shade(value, BYTES)).toBe(value);
  expect(isIdentity(BYTES)).toBe(true);
});

test("soft tissue: -160 HU is black, 240 is white, 40 in the middle", () => {
  const { levels } = CT_PRESETS[0]!;
  expect(levels).toEqual({ window: 400, level: 40 });
  expect([-1000, -160, 40, 240, 3000].map((hu) => shade(hu, levels))).toEqual([0, 0, 128, 255, 255]);
  // (140 + 160) * 255 / 400 = 191.25
  expect(shade(140, levels)).toBe(191);
});

test("what is no number is black", () => {
  expect([NaN, -Infinity, Infinity].map((value) => shade(value, between(0, 1)))).toEqual([0, 0, 255]);
});

test("bytes need no look at their values, others are shown from where to where most are", () => {
  expect(spanned({ dtype: "uint8" }, Uint8Array.of(7, 9))).toEqual(BYTES);
  expect(spanned({ dtype: "int8" }, Int8Array.of(7))).toEqual(between(-128, 127));
  // 1000 values from 0 to 999, and a bright one: half a percent at each end does not count.
  const values = Int16Array.from({ length: 1001 }, (_, n) => (n < 1000 ? n : 30000));
  expect(spanned({ dtype: "int16" }, values)).toEqual(between(5, 995));
});

test("what looks like CT, from air to bone, is shown as soft tissue", () => {
  const soft = CT_PRESETS[0]!.levels;
  expect(automatic("int16", between(-1008, 620))).toEqual(soft);
  expect(automatic("float32", between(-1024, 3071))).toEqual(soft);
});

test.each([
  ["a slice within the body", "int16", -120, 300],
  ["echoes around zero", "int16", -4000, 4000],
  ["MR", "int16", 0, 1800],
  ["what is no CT in bytes", "int8", -128, 127],
] as const)("%s: as it spans", (_, dtype, low, high) => {
  expect(automatic(dtype, between(low, high))).toEqual(between(low, high));
});

test("pictures of one value, or of none, have levels all the same", () => {
  expect(spanned({ dtype: "uint16" }, Uint16Array.of(9, 9))).toEqual({ window: 1, level: 9 });
  expect(spanned({ dtype: "float32" }, Float32Array.of(NaN, NaN))).toEqual(BYTES);
});

test("automatic levels only grow: a stream's brightness settles", () => {
  const old = between(0, 100);
  expect(widened(old, between(20, 80))).toBe(old);
  expect(widened(old, between(-50, 80))).toEqual(between(-50, 100));
});

test("CT's windows are offered for signed values only", () => {
  expect(presetsFor("int16").map(({ name }) => name)).toEqual(["CT soft tissue", "CT bone", "CT lung"]);
  expect(presetsFor("uint8")).toEqual([]);
});

test("dragging right widens the window, dragging down raises the level", () => {
  const levels = dragged({ window: 300, level: 50 }, 0, 10);
  expect(levels).toEqual({ window: 300, level: 60 });
  expect(dragged({ window: 300, level: 50 }, 200, 0).window).toBeCloseTo(300 * Math.E);
});
