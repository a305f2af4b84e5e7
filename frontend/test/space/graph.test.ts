import { expect, test } from "vitest";
import { bestFrame, Graph, reason } from "../../src/space/graph";
import { applied, identity, type Vector } from "../../src/space/matrix";

// A quarter turn about z (x to y, y to -x), then 10 mm along x.
const QUARTER = [0, -1, 0, 10, 1, 0, 0, 0, 0, 0, 1, 0];
const moved = (x: number, y: number, z: number) => [1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z];

function taken(graph: Graph, from: string, to: string, point: Vector): [string, Vector] {
  const matrix = identity();
  const lead = graph.matrix(from, to, matrix);
  return [lead, applied(matrix, ...point)];
}

test("a pose takes points of its first frame to its second", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", QUARTER, true);
  expect(taken(graph, "Probe", "Tracker", [1, 2, 3])).toEqual(["valid", [8, 1, 3]]);
});

test("a transform is walked backwards by its inverse", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", QUARTER, true);
  const [lead, point] = taken(graph, "Tracker", "Probe", [8, 1, 3]);
  expect(lead).toBe("valid");
  point.forEach((value, i) => expect(value).toBeCloseTo([1, 2, 3][i]!, 12));
});

test("transforms in a row are composed, the first one first", () => {
  const graph = new Graph();
  graph.set("Image", "Probe", moved(5, 0, 0), true);
  graph.set("Probe", "Tracker", QUARTER, true);
  graph.set("Reference", "Tracker", moved(0, 0, 100), true);
  // (1, 0, 0) of Image is (6, 0, 0) of Probe, (10, 6, 0) of Tracker, (10, 6, -100) of Reference.
  expect(taken(graph, "Image", "Reference", [1, 0, 0])).toEqual(["valid", [10, 6, -100]]);
});

test("an inverse undoes scales and shears too", () => {
  const graph = new Graph();
  graph.set("Voxel", "World", [2, 1, 0, 3, 0, 4, 0, 5, 0, 0, 0.5, 7], true);
  // (1, 1, 1) goes to (2 + 1 + 3, 4 + 5, 0.5 + 7).
  const [, point] = taken(graph, "World", "Voxel", [6, 9, 7.5]);
  point.forEach((value) => expect(value).toBeCloseTo(1, 12));
});

test("the way with the fewest transforms is gone", () => {
  const graph = new Graph();
  graph.set("A", "B", moved(1, 0, 0), true);
  graph.set("B", "C", moved(1, 0, 0), true);
  graph.set("A", "C", moved(50, 0, 0), true);
  expect(taken(graph, "A", "C", [0, 0, 0])[1]).toEqual([50, 0, 0]);
});

test("the newest pose counts", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", moved(1, 0, 0), true);
  graph.matrix("Probe", "Tracker", identity());
  graph.set("Probe", "Tracker", moved(2, 0, 0), true);
  expect(taken(graph, "Probe", "Tracker", [0, 0, 0])[1]).toEqual([2, 0, 0]);
});

test("a longer way by valid poses is better than a short one by a doubtful pose", () => {
  const graph = new Graph();
  graph.set("A", "C", moved(50, 0, 0), false);
  expect(taken(graph, "A", "C", [0, 0, 0])).toEqual(["doubtful", [50, 0, 0]]);
  graph.set("A", "B", moved(1, 0, 0), true);
  graph.set("B", "C", moved(1, 0, 0), true);
  expect(taken(graph, "A", "C", [0, 0, 0])).toEqual(["valid", [2, 0, 0]]);
});

test("where no transform leads, the reason says so", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", QUARTER, true);
  graph.mention("CT");
  expect(graph.lead("Probe", "CT")).toBe("none");
  expect(graph.lead("Probe", "Nowhere")).toBe("none");
  expect(reason("Probe", "CT")).toBe("no transform leads from Probe to CT");
});

test("what is no pose changes nothing", () => {
  const graph = new Graph();
  graph.set("A", "B", [...moved(1, 0, 0).slice(0, 11), NaN], true);
  graph.set("A", "B", [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 9], true);
  graph.set("A", "B", Array(12).fill(0), true);
  expect(graph.frames()).toEqual([]);
  graph.set("A", "B", moved(1, 0, 0), true);
  graph.set("A", "B", [...moved(9, 0, 0).slice(0, 11), NaN], true);
  expect(taken(graph, "A", "B", [0, 0, 0])).toEqual(["valid", [1, 0, 0]]);
});

test("a pose in metres of metres is one, too", () => {
  const graph = new Graph();
  graph.set("A", "B", [1e-6, 0, 0, 5, 0, 1e-6, 0, 0, 0, 0, 1e-6, 0], true);
  const [lead, [x]] = taken(graph, "B", "A", [6, 0, 0]);
  expect(lead).toBe("valid");
  expect(x).toBeCloseTo(1e6, 3);
});

test("what a person said yields to a transform that comes later", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", moved(1, 0, 0), true);
  graph.mention("World");
  graph.equate("World", "Tracker");
  graph.set("Tracker", "World", moved(0, 0, 70), true);
  expect(taken(graph, "Probe", "World", [0, 0, 0])).toEqual(["valid", [1, 0, 70]]);
  graph.set("Tracker", "World", moved(0, 0, 70), false);
  expect(taken(graph, "Probe", "World", [0, 0, 0])).toEqual(["doubtful", [1, 0, 70]]);
});

test("two frames can be said to be one, and that can be taken back", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", moved(1, 2, 3), true);
  graph.equate("World", "Tracker");
  expect(taken(graph, "Probe", "World", [0, 0, 0])).toEqual(["valid", [1, 2, 3]]);
  expect(graph.equal()).toEqual([["World", "Tracker"]]);
  expect(graph.isPlaced("World")).toBe(false);
  graph.separate();
  expect(graph.lead("Probe", "World")).toBe("none");
  expect(graph.lead("Probe", "Tracker")).toBe("valid");
});

test("poses alone leave the version, new ways and doubts do not", () => {
  const graph = new Graph();
  graph.set("A", "B", moved(1, 0, 0), true);
  const version = graph.version;
  graph.set("A", "B", moved(2, 0, 0), true);
  expect(graph.version).toBe(version);
  graph.set("A", "B", moved(2, 0, 0), false);
  expect(graph.version).toBeGreaterThan(version);
});

test("the best frame shows most; among equals one that stands still, then the most used", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", QUARTER, true);
  graph.set("Reference", "Tracker", QUARTER, true);
  graph.mention("World");
  expect(bestFrame(graph, ["Tracker", "Tracker", "World"])).toBe("Tracker");
  expect(bestFrame(graph, ["Tracker", "World", "World"])).toBe("World");
  expect(bestFrame(graph, ["Tracker", "World"])).toBe("Tracker");
});

test("the frame that is shown stays unless another one shows more", () => {
  const graph = new Graph();
  graph.set("Probe", "Tracker", QUARTER, true);
  graph.mention("World");
  expect(bestFrame(graph, ["Tracker", "World"], "World")).toBe("World");
  expect(bestFrame(graph, ["Tracker", "Probe", "World"], "World")).toBe("Tracker");
  expect(bestFrame(new Graph(), [])).toBeNull();
});
