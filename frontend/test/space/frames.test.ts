import { expect, test } from "vitest";
import type { Row } from "../../src/api";
import { Frames } from "../../src/space/frames";
import { newMemory } from "../../src/space/memory";
import { Settling } from "../../src/space/settling";
import { Tool } from "../../src/space/tool";

const MOVED = [1, 0, 0, 7, 0, 1, 0, 0, 0, 0, 1, 0];

function tool(from: string, to: string, what: "pose" | "point" = "pose"): Tool {
  const made = new Tool({ key: "1", row: 1, device: "D", name: from, from, to, what, unit: "" }, "#000000");
  made.take("1", 0, MOVED, "OK");
  return made;
}

function frames(...pairs: [string, string][]): Frames {
  const made = new Frames(newMemory());
  for (const [from, to] of pairs) made.take(tool(from, to));
  return made;
}

test("frames that no transform connects are not taken as one, World neither", () => {
  const made = frames(["Probe", "Tracker"]);
  made.choose(["Tracker", "World", "World"]);
  expect(made.root).toBe("World");
  expect(made.graph.lead("Probe", "World")).toBe("none");
  made.equate("Tracker", "World");
  expect(made.graph.lead("Probe", "World")).toBe("valid");
  made.separate();
  expect(made.graph.lead("Probe", "World")).toBe("none");
});

test("a point places nothing else: nobody knows how it is turned", () => {
  const made = new Frames(newMemory());
  made.take(tool("Probe", "Tracker", "point"));
  made.choose(["Probe", "Tracker"]);
  expect(made.graph.lead("Probe", "Tracker")).toBe("none");
});

test("what a silent device places is doubtful, until it is heard again", () => {
  const probe = tool("Probe", "Tracker");
  const made = new Frames(newMemory());
  const row = (state: string) => new Map([[1, { state } as Row]]);
  const lead = (state: string) => {
    probe.sources.setRows(row(state), false);
    made.take(probe);
    return made.graph.lead("Probe", "Tracker");
  };
  expect(["live", "silent", "live", "once"].map(lead)).toEqual(["valid", "doubtful", "valid", "valid"]);
});

test("what a person says is one stays so with another server", () => {
  const made = frames(["Probe", "Tracker"], ["Guide", "CT"]);
  made.equate("CT", "Tracker");
  made.begin();
  expect(made.root).toBeNull();
  expect(made.graph.equal()).toEqual([["CT", "Tracker"]]);
});

test("letters are the patient's in the world, not in a tracker's frame", () => {
  const made = frames(["Probe", "Tracker"], ["Guide", "Arm"]);
  made.choose(["Tracker"]);
  expect(made.root).toBe("Tracker");
  expect(made.isPatient).toBe(false);
  made.equate("World", "Tracker");
  expect(made.isPatient).toBe(true);
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

test("a frame that was best before transforms came is left when asked anew", () => {
  const made = new Frames(newMemory());
  made.choose(["Probe"]);
  expect(made.root).toBe("Probe");
  made.take(tool("Probe", "Tracker"));
  made.choose(["Probe", "Tracker"]);
  expect(made.root).toBe("Probe");
  made.choose(["Probe", "Tracker"], null);
  expect(made.root).toBe("Tracker");
});
