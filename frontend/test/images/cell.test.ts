import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import type { PictureHead } from "../../src/api";
import { Cell } from "../../src/images/cell";
import { between } from "../../src/images/levels";
import { Look } from "../../src/images/look";
import type { PictureStream } from "../../src/images/stream";

// Voxels in RAS order, 1 x 1 x 2 mm; the slice across k number 3 of 10.
const HEAD = {
  width: 100,
  height: 50,
  components: 1,
  dtype: "int16",
  matrix: [1, 0, 0, 10, 0, 1, 0, 20, 0, 0, 2, 30, 0, 0, 0, 1],
  device: "CT",
  volume: { size: [100, 50, 10], axis: "k", slice: 3 },
} as unknown as PictureHead;

/** A cell of 200 x 100 CSS pixels that shows a picture, twice as large. */
function showing(head: PictureHead): Cell {
  const cell = new Cell();
  cell.size.value = { width: 200, height: 100 };
  const stream = { shape: signal(head), slice: signal(null), isFrozen: signal(false) };
  cell.stream.value = stream as unknown as PictureStream;
  return cell;
}

test("a volume is turned the usual way: the first pixel is at the bottom right", () => {
  const cell = showing(HEAD);
  expect(cell.letters.value).toEqual({ left: "R", right: "L", top: "A", bottom: "P" });
  cell.pointer.value = { x: 199, y: 99 };
  expect(cell.pixel.value).toEqual({ column: 0, row: 0 });
  cell.pointer.value = { x: 1, y: 99 };
  expect(cell.pixel.value).toEqual({ column: 99, row: 0 });
});

test("a flat picture is shown as it was sent, unless its matrix is asked", () => {
  const cell = showing({ ...HEAD, volume: null });
  cell.pointer.value = { x: 1, y: 1 };
  expect([cell.letters.value, cell.pixel.value]).toEqual([null, { column: 0, row: 0 }]);
  cell.turning.value = "matrix";
  expect(cell.pixel.value).toEqual({ column: 99, row: 49 });
  expect(cell.letters.value!.right).toBe("L");
});

test("flips come on top, and the letters go along", () => {
  const cell = showing(HEAD);
  cell.isFlippedAcross.value = true;
  cell.pointer.value = { x: 1, y: 99 };
  expect([cell.pixel.value, cell.letters.value!.left]).toEqual([{ column: 0, row: 0 }, "L"]);
  cell.reset();
  expect(cell.letters.value!.left).toBe("R");
});

test("beside the picture there is no pixel", () => {
  const cell = showing({ ...HEAD, width: 50 });
  cell.pointer.value = { x: 49, y: 50 };
  expect(cell.pixel.value).toBeNull();
  cell.pointer.value = { x: 51, y: 51 };
  expect(cell.pixel.value).toEqual({ column: 49, row: 24 });
});

test("slices end where the volume does, and stand still while it is frozen", () => {
  const cell = showing(HEAD);
  const { slice, isFrozen } = cell.stream.value!;
  cell.slide(2);
  expect(slice.value).toBe(5);
  cell.slide(100);
  expect(slice.value).toBe(9);
  cell.slide(-Infinity);
  expect(slice.value).toBe(0);
  cell.toSlice(NaN);
  expect(slice.value).toBe(0);
  isFrozen.value = true;
  cell.slide(1);
  expect(slice.value).toBe(0);
});

test("automatic levels grow with what comes; chosen ones stay", () => {
  const look = new Look();
  look.meet({ head: HEAD, values: Int16Array.of(0, 100) });
  expect(look.levels.value).toEqual(between(0, 100));
  look.meet({ head: HEAD, values: Int16Array.of(50, 300) });
  expect(look.levels.value).toEqual(between(0, 300));
  look.chosen.value = between(5, 6);
  look.meet({ head: HEAD, values: Int16Array.of(-9, 9) });
  expect(look.levels.value).toEqual(between(5, 6));
  look.reset({ head: HEAD, values: Int16Array.of(7, 8), source: null });
  expect(look.levels.value).toEqual(between(7, 8));
});

test("another kind of picture begins with levels of its own", () => {
  const look = new Look();
  look.meet({ head: HEAD, values: Int16Array.of(-1000, 3000) });
  look.meet({ head: { ...HEAD, dtype: "uint8" }, values: Uint8Array.of(1, 2) });
  expect(look.levels.value).toEqual(between(0, 255));
});
