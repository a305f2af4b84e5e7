import { expect, test } from "vitest";
import type { ScalarType } from "../../src/api";
import { BYTES, type Levels, between } from "../../src/images/levels";
import { Shader, type Values, table } from "../../src/images/shading";

function shaded(
  values: Values,
  dtype: ScalarType,
  components: 1 | 3 | 4,
  levels: Levels,
): number[][] {
  const rgba = new Uint32Array(values.length / components);
  new Shader().shade(values, { dtype, components }, levels, rgba);
  const bytes = [...new Uint8Array(rgba.buffer)];
  return Array.from({ length: rgba.length }, (_, n) => bytes.slice(4 * n, 4 * n + 4));
}

test("a table's index is a value's bits: -1 of int16 is at 65535", () => {
  const shown = table("int16", between(-2, 2));
  expect(shown.length).toBe(65536);
  // From -2 to 2: a quarter of 255 for each 1.
  expect([shown[65534], shown[65535], shown[0], shown[1], shown[2], shown[32767], shown[32768]]).toEqual([
    0, 64, 128, 191, 255, 255, 0,
  ]);
  expect([table("int8", between(-128, 127))[0x80], table("int8", between(-128, 127))[0x7f]]).toEqual([0, 255]);
});

test("grey bytes are grey and opaque", () => {
  expect(shaded(Uint8Array.of(0, 10, 255), "uint8", 1, BYTES)).toEqual([
    [0, 0, 0, 255],
    [10, 10, 10, 255],
    [255, 255, 255, 255],
  ]);
});

test("colours keep their order; opacity is not minded", () => {
  expect(shaded(Uint8Array.of(1, 2, 3, 200, 100, 50), "uint8", 3, BYTES)).toEqual([
    [1, 2, 3, 255],
    [200, 100, 50, 255],
  ]);
  expect(shaded(Uint8Array.of(1, 2, 3, 0), "uint8", 4, BYTES)).toEqual([[1, 2, 3, 255]]);
});

test("window and level hold for colours, too", () => {
  expect(shaded(Uint8Array.of(0, 50, 100), "uint8", 3, between(0, 100))).toEqual([[0, 128, 255, 255]]);
  expect(shaded(Uint16Array.of(0, 500, 1000), "uint16", 3, between(0, 1000))).toEqual([[0, 128, 255, 255]]);
  expect(shaded(Float32Array.of(-1, 0, 1), "float32", 3, between(-1, 1))).toEqual([[0, 128, 255, 255]]);
});

test("every type is shown by its values", () => {
  const levels = between(-100, 100);
  const grey = (one: number[]) => one[0];
  expect(shaded(Int16Array.of(-100, 0, 100), "int16", 1, levels).map(grey)).toEqual([0, 128, 255]);
  expect(shaded(Int32Array.of(-100, 0, 100), "int32", 1, levels).map(grey)).toEqual([0, 128, 255]);
  expect(shaded(Float64Array.of(-100, 0, NaN), "float64", 1, levels).map(grey)).toEqual([0, 128, 0]);
  const large = between(0, 2 ** 32 - 1);
  expect(shaded(Uint32Array.of(0, 2 ** 31, 2 ** 32 - 1), "uint32", 1, large).map(grey)).toEqual([0, 128, 255]);
});

test("another type or other levels make another table", () => {
  const shader = new Shader();
  const rgba = new Uint32Array(1);
  const grey = (values: Values, dtype: ScalarType, levels: Levels) => {
    shader.shade(values, { dtype, components: 1 }, levels, rgba);
    return rgba[0]! & 255;
  };
  expect(grey(Uint16Array.of(40000), "uint16", between(0, 65535))).toBe(156);
  expect(grey(Uint16Array.of(40000), "uint16", between(0, 80000))).toBe(128);
  expect(grey(Int16Array.of(-25536), "int16", between(0, 80000))).toBe(0); // the same bits
});

test("decoded pictures get window and level where they lie", () => {
  const rgba = Uint8ClampedArray.of(0, 50, 100, 255);
  new Shader().reshade(rgba, between(0, 100));
  expect([...rgba]).toEqual([0, 128, 255, 255]);
});
