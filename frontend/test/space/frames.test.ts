import { expect, test } from "vitest";
import type { Tool } from "../../src/api";
import { Frames } from "../../src/space/frames";
import { newMemory } from "../../src/space/memory";
import { Settling } from "../../src/space/settling";

const MOVED = [1, 0, 0, 7, 0, 1, 0, 0, 0, 0, 1, 0];

function frames(...pairs: [string, string][]): Frames {
  const made = new Frames(newMemory());
  for (const [from, to] of pairs) made.take(["1", 0, MOVED, "OK"], { from, to } as Tool, true);
  return made;
}

test("a tracker and pictures without a frame are shown together, and the scene says why", () => {
  const made = frames(["Probe", "Tracker"]);
  made.choose(["Tracker", "World", "World"]);
  expect(made.graph.equal()).toEqual([["World", "Tracker"]]);
  expect(made.graph.lead("Probe", "World")).toBe("valid");
});

test("with a second room nothing is assumed", () => {
  const made = frames(["Probe", "Tracker"]);
  made.choose(["Tracker", "World"]);
  made.take(["2", 0, MOVED, "OK"], { from: "Guide", to: "CT" } as Tool, true);
  expect(made.isOther).toBe(true);
  made.choose(["Tracker", "World", "CT"]);
  expect(made.graph.equal()).toEqual([]);
  expect(made.graph.lead("Tracker", "World")).toBe("none");
});

test("what a person takes back is not assumed again", () => {
  const made = frames(["Probe", "Tracker"]);
  made.choose(["Tracker", "World"]);
  made.separate();
  made.choose(["Tracker", "World"]);
  expect(made.graph.equal()).toEqual([]);
});

test("what a person says is one stays so with another server", () => {
  const made = frames(["Probe", "Tracker"], ["Guide", "CT"]);
  made.equate("CT", "Tracker");
  made.begin();
  expect(made.root).toBeNull();
  expect(made.graph.equal()).toEqual([["CT", "Tracker"]]);
});

test("letters are the patient's where pictures lie, and in the world", () => {
  const made = frames(["Probe", "Tracker"], ["Guide", "Arm"]);
  made.choose(["Tracker"]);
  expect(made.root).toBe("Tracker");
  expect(made.isPatient([])).toBe(false);
  expect(made.isPatient(["Probe"])).toBe(false);
  expect(made.isPatient(["Tracker"])).toBe(true);
  made.equate("World", "Tracker");
  expect(made.isPatient([])).toBe(true);
});

test("a scene is fitted while things appear, one soon after the other", () => {
  const settling = new Settling();
  expect(settling.fits(0, 0)).toBe(false);
  expect(settling.fits(1, 50_000)).toBe(true);
  expect(settling.fits(1, 50_100)).toBe(false);
  expect(settling.fits(3, 52_000)).toBe(true);
  expect(settling.fits(4, 55_000)).toBe(false);
  expect(settling.fits(5, 55_100)).toBe(false);
});

test("it is not fitted when somebody has looked elsewhere, nor for ever", () => {
  const touched = new Settling();
  touched.isOver = true;
  expect(touched.fits(1, 0)).toBe(false);
  const busy = new Settling();
  const fits = [0, 2000, 4000, 6000, 8000, 9900, 11_000].map((now, i) => busy.fits(i + 1, now));
  expect(fits).toEqual([true, true, true, true, true, true, false]);
});
