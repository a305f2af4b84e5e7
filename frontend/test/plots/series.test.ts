import { expect, test } from "vitest";
import type { Connection, Row, Tool } from "../../src/api";
import { History } from "../../src/plots/history";
import { grouped, type Quantity, significant } from "../../src/plots/series";

const T = 1_700_000_000;
const POSE = [1, 0, 0, 1, 0, 1, 0, 2, 0, 0, 1, 3];

function row(id: number, type: string, device: string, connection = 0): Row {
  return {
    id, connection, type, device, version: 2, number: 1, messages: 1, bytes: 106, rate: 50, bandwidth: 5.3e6, age: 0,
    latency: 0.0421, drops: null, errors: 0, state: "live", note: "", left_out: "", summary: "",
  };
}

function known(rows: Row[], parts: Partial<Tool>[]) {
  const history = new History();
  const tools = new Map<string, Tool>();
  parts.forEach((part, i) => {
    const tool: Tool = { key: String(i), row: i, device: "D", name: "D", from: "D", to: "W", what: "pose", unit: "", ...part };
    tools.set(tool.key, tool);
    if (tool.what === "sensor") history.takeSensors([[tool.row, T, [1, 2]]]);
    else history.takePoses([[tool.key, T, POSE, ""]]);
  });
  history.takeBoard(T, rows);
  const connections = [{ id: 0, endpoint: "a:1" }, { id: 1, endpoint: "b:2" }] as Connection[];
  return { history, tools, rows: new Map(rows.map((one) => [one.id, one])), connections };
}

function names(chosen: Quantity[], ...made: Parameters<typeof known>): string[][] {
  return grouped(known(...made), new Set(chosen)).map(({ sources }) => sources.map(({ name }) => name));
}

test("plots are there for what is chosen and came", () => {
  const made = known([row(0, "TRANSFORM", "Probe")], [{ name: "Probe" }]);
  const titles = (...chosen: Quantity[]) =>
    grouped(made, new Set(chosen)).flatMap(({ plots }) => plots.map(({ title }) => title));
  expect(titles("position", "sensors", "rate")).toEqual(["Position x", "Position y", "Position z", "Rate"]);
  expect(titles("sensors")).toEqual([]);
  expect(titles()).toEqual([]);
  expect(titles("latency", "speed", "rotation", "bandwidth")).toEqual(["Rotation", "Speed", "Latency", "Bandwidth"]);
});

test("sensors have a plot for each unit and a line for each value", () => {
  const sensors: Partial<Tool>[] = [
    { what: "sensor", name: "Force", unit: "N" },
    { what: "sensor", name: "Arm", unit: "mm" },
  ];
  const groups = grouped(known([], sensors), new Set<Quantity>(["sensors"]));
  expect(groups.map(({ plots }) => plots.map(({ unit }) => unit))).toEqual([["N"], ["mm"]]);
  expect(groups[0]!.sources.map(({ name }) => name)).toEqual(["Force [0]", "Force [1]"]);
  expect(groups[0]!.plots[0]!.lines.map(({ channel }) => channel)).toEqual([0, 1]);
});

test("names that are there twice say more, as little as will do", () => {
  const rows = [row(0, "TRANSFORM", "Probe"), row(1, "STATUS", "Probe"), row(2, "STATUS", "Arm", 0), row(3, "STATUS", "Arm", 1)];
  expect(names(["rate"], rows, [])).toEqual([
    ["Probe TRANSFORM", "Probe STATUS", "Arm a:1", "Arm b:2"],
  ]);
});

test("tools of two servers are told apart by these, and name them", () => {
  const rows = [row(0, "TRANSFORM", "D", 0), row(1, "TRANSFORM", "D", 1), row(2, "TDATA", "D", 1)];
  const made = known(rows, [{}, {}, {}]);
  const { sources } = grouped(made, new Set<Quantity>(["position"]))[0]!;
  expect(sources.map(({ name }) => name)).toEqual(["D a:1", "D b:2 TRANSFORM", "D b:2 TDATA"]);
  expect(sources[1]!.title).toBe("TRANSFORM D of b:2, from D to W");
});

test("values have the units of their axes", () => {
  const [group] = grouped(known([row(0, "IMAGE", "US")], []), new Set<Quantity>(["latency", "bandwidth"]));
  const [latency, bandwidth] = group!.plots;
  const { track, channel } = latency!.lines[0]!;
  expect(latency!.text(track.last(channel) * latency!.scale)).toBe("42 ms");
  expect(bandwidth!.text(5.3e6)).toBe("5.30 MB/s");
  expect(bandwidth!.axis(5.3e6, bandwidth!.unit)).toEqual({ unit: "MB/s", factor: 1e-6 });
  expect(bandwidth!.axis(0, bandwidth!.unit)).toEqual({ unit: "B/s", factor: 1 });
});

test("numbers of sensors", () => {
  expect(significant(1000.125)).toBe("1000.125");
  expect(significant(-0.5)).toBe("\u22120.5");
  expect(significant(NaN)).toBe("\u2013");
});
