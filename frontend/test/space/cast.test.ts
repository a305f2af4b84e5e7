// @vitest-environment happy-dom
import vtkRenderer from "@kitware/vtk.js/Rendering/Core/Renderer";
import { expect, test } from "vitest";
import type { Tool as ToolNews } from "../../src/api";
import { Cast } from "../../src/space/cast";
import { Frames } from "../../src/space/frames";
import { newMemory } from "../../src/space/memory";

const HERE = [1, 0, 0, 7, 0, 1, 0, 0, 0, 0, 1, 0];

function tool(key: string, from: string, to: string): [string, ToolNews] {
  return [key, { key, row: 1, device: "D", name: from, from, to, what: "pose", unit: "" }];
}

test("what no transform leads to is missing; what came since the newest frame is not", () => {
  const memory = newMemory();
  const cast = new Cast(vtkRenderer.newInstance(), memory, () => {}, () => {});
  const frames = new Frames(memory);
  const missing = () => cast.unplaced(frames).map(({ name }) => name);
  cast.setTools(new Map([tool("1", "Probe", "Tracker"), tool("2", "Robot", "Room")]));
  for (const key of ["1", "2"]) frames.take(cast.takePose([key, 0, HERE, "OK"])!);
  expect(missing()).toEqual([]);
  frames.choose(["Tracker", "Tracker", "Room"]);
  expect(frames.root).toBe("Tracker");
  expect(missing()).toEqual(["Robot"]);
  frames.equate("Room", "Tracker");
  expect(missing()).toEqual([]);
  cast.dispose();
});
