import { expect, test } from "vitest";
import type { Connection, Row, Tool } from "../../src/api";
import { cell, csv } from "../../src/plots/csv";
import { History } from "../../src/plots/history";
import { grouped, type Quantity } from "../../src/plots/series";

const T = 1_700_000_000;

function tool(key: string, name: string, what: Tool["what"] = "pose"): Tool {
  return { key, row: Number(key), device: name, name, from: name, to: "World", what, unit: what === "sensor" ? "N" : "" };
}

function written(history: History, tools: Tool[], chosen: Quantity[], hidden: string[] = []): string[][] {
  const known = {
    history,
    tools: new Map(tools.map((one) => [one.key, one])),
    rows: new Map<number, Row>(),
    connections: [] as Connection[],
  };
  const text = csv(grouped(known, new Set(chosen)), new Set(hidden), T, T + 10);
  expect(text.endsWith("\r\n")).toBe(true);
  return text.trimEnd().split("\r\n").map((line) => line.split(","));
}

test("one line for each sample of each source, in the order of time", () => {
  const history = new History();
  history.takePoses([["1", T + 1, [1, 0, 0, 1.25, 0, 1, 0, -2.5, 0, 0, 1, 3], ""]]);
  history.takeSensors([[2, T + 0.5, [0.125]]]);
  history.takePoses([["1", T + 2, [1, 0, 0, 9, 0, 1, 0, 9, 0, 0, 1, 9], "MISSING"]]);
  history.takePoses([["1", T + 20, [1, 0, 0, 9, 0, 1, 0, 9, 0, 0, 1, 9], ""]]);
  const tools = [tool("1", "Probe"), tool("2", "Force", "sensor")];
  expect(written(history, tools, ["position", "sensors"])).toEqual([
    ["Time (unix s)", "Time (UTC)", "Name", "Kind", "Position x (mm)", "Position y (mm)", "Position z (mm)", "Sensors (N)"],
    ["1700000000.500000", "2023-11-14T22:13:20.500Z", "Force", "", "", "", "", "0.125"],
    ["1700000001.000000", "2023-11-14T22:13:21.000Z", "Probe", "", "1.25", "-2.5", "3", ""],
    ["1700000002.000000", "2023-11-14T22:13:22.000Z", "Probe", "invalid", "", "", "", ""],
  ]);
  expect(written(history, tools, ["position", "sensors"], ["tool 1"])).toHaveLength(2);
});

test("what is kept as lowest and highest only is written as that", () => {
  const history = new History();
  for (let i = 0; i < 20_000; i++) {
    history.takePoses([["1", T + i * 0.01, [1, 0, 0, i, 0, 1, 0, 0, 0, 0, 1, 0], ""]]);
  }
  const [, ...lines] = written(history, [tool("1", "Probe")], ["position"]);
  expect(new Set(lines.map((line) => line[3]))).toEqual(new Set(["low", "high"]));
  expect(Number(lines[0]![4])).toBe(0);
  expect(Number(lines[1]![4])).toBeCloseTo(9, -0.5);
});

test("cells are quoted, and nothing is a formula", () => {
  expect(cell("Probe")).toBe("Probe");
  expect(cell('a "b", c')).toBe('"a ""b"", c"');
  expect(cell("a\nb")).toBe('"a\nb"');
  expect(cell("=HYPERLINK(1)")).toBe("'=HYPERLINK(1)");
  expect(cell("@x")).toBe("'@x");
});
