import { expect, test } from "vitest";
import type { SceneArray, SceneHead } from "../../src/api";
import { coloured, parsed, taken } from "../../src/space/colours";
import { smoothNormals } from "../../src/space/normals";
import { checkCells, Surface } from "../../src/space/surface";

test("cells that name missing points are refused, and the message says which", () => {
  checkCells("polygons", [3, 0, 1, 2], 3);
  expect(() => checkCells("polygons", [3, 0, 1, 3], 3)).toThrow(
    "polygons name point 3, but there are only 3 points",
  );
  expect(() => checkCells("lines", [2, 0, 1, 5, 0], 2)).toThrow(
    "lines end within a cell of 5 corners; send them whole",
  );
});

test("values get colours between those of the map, and NaN gets grey", () => {
  const map = [
    [0, 0, 0],
    [100, 200, 0],
    [100, 200, 250],
  ] as const;
  const colours = coloured([-1, 0, 5, 10, 15, 99, NaN], [0, 20], map);
  expect([...colours.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 0, 50, 100, 0, 100, 200, 0]);
  expect([...colours.subarray(12)]).toEqual([100, 200, 125, 100, 200, 250, 128, 128, 128]);
});

test("a surface of one value has one colour", () => {
  expect([...coloured([4, 4], [4, 4], [[9, 8, 7], [1, 1, 1]])]).toEqual([9, 8, 7, 9, 8, 7]);
});

test("colours that were sent are taken, as parts of 1 or of 255", () => {
  expect([...taken([1, 0.5, 0, 0.2], 4, 1)]).toEqual([255, 127, 0]);
  expect([...taken([255, 10, 300], 3, 300)]).toEqual([255, 10, 255]);
});

test("colours of the page are understood", () => {
  expect(parsed("#5fd0c5")).toEqual([95, 208, 197]);
  expect(parsed("rgb(1, 2, 3)")).toEqual([1, 2, 3]);
});

test("normals of a square look along z, those of an edge lie between its sides", () => {
  const square = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0];
  expect([...smoothNormals(square, [4, 0, 1, 2, 3])]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
  // One triangle looks along z, the other along x; they share the points 0 and 1.
  const roof = [0, 0, 0, 0, 1, 0, -1, 0, 0, 0, 0, -1];
  const normals = smoothNormals(roof, [3, 0, 1, 2, 3, 0, 3, 1]);
  expect(normals[0]).toBeCloseTo(Math.SQRT1_2, 6);
  expect(normals[1]).toBeCloseTo(0, 6);
  expect(normals[2]).toBeCloseTo(Math.SQRT1_2, 6);
  expect([...normals.subarray(6, 9)]).toEqual([0, 0, 1]);
});

/** A triangle, with a height for each point and a number for the cell. */
function message(corner = 2): [SceneHead, Uint8Array] {
  const points = Float32Array.of(0, 0, 0, 10, 0, 0, 0, 10, 5);
  const cells = Uint32Array.of(3, 0, 1, corner);
  const heights = Float32Array.of(0, 0, 5);
  const payload = new Uint8Array(72);
  payload.set(new Uint8Array(points.buffer), 0);
  payload.set(new Uint8Array(cells.buffer), 40);
  payload.set(new Uint8Array(heights.buffer), 56);
  const arrays: SceneArray[] = [
    { name: "points", dtype: "float32", shape: [3, 3], offset: 0, on: "points", range: [0, 10] },
    { name: "polygons", dtype: "uint32", shape: [4], offset: 40, on: "cells", range: [0, 3] },
    { name: "scalars:Height", dtype: "float32", shape: [3], offset: 56, on: "points", range: [0, 5] },
  ];
  return [{ seq: 1, type: "POLYDATA", device: "Liver", frame: "CT", arrays }, payload];
}

test("a surface is where its points are, and coloured by its first array", () => {
  const surface = new Surface(3, "Liver");
  surface.take(...message());
  const { data } = surface.solids[0]!;
  expect(surface.frame).toBe("CT");
  expect(data.getBounds()).toEqual([0, 10, 0, 10, 0, 5]);
  expect([surface.scalar, surface.range]).toEqual(["Height", [0, 5]]);
  // The first and the last colour of the map "Rainbow".
  const colours = data.getPointData().getScalars().getData() as Uint8Array;
  expect([...colours.subarray(0, 3)]).toEqual([40, 70, 220]);
  expect([...colours.subarray(6, 9)]).toEqual([215, 45, 40]);
  surface.colourBy("", "Heat");
  expect(surface.range).toBeNull();
  surface.dispose();
});

test("a surface whose cells do not fit its points is not shown", () => {
  const surface = new Surface(3, "Liver");
  surface.take(...message());
  expect(() => surface.take(...message(7))).toThrow("polygons name point 7");
  expect(surface.isThere).toBe(false);
  surface.dispose();
});
