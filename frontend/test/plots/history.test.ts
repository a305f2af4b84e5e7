import { expect, test } from "vitest";
import type { PoseSample, Row, Tool } from "../../src/api";
import { angleOf, BOARD, History, KEPT_S, POSE } from "../../src/plots/history";
import { Track } from "../../src/plots/track";

const T = 1_700_000_000;
const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];

function at(x: number, y = 0, z = 0): number[] {
  return [1, 0, 0, x, 0, 1, 0, y, 0, 0, 1, z];
}

function row(id: number, parts: Partial<Row> = {}): Row {
  return {
    id, connection: 0, type: "TRANSFORM", device: "Probe", version: 2, number: 1, messages: 1, bytes: 106, rate: 50,
    bandwidth: 5300, age: 0, latency: 0.002, drops: null, errors: 0, state: "live", note: "", left_out: "", summary: "",
    ...parts,
  };
}

function tool(key: string, parts: Partial<Tool> = {}): Tool {
  return { key, row: 1, device: "Probe", name: "Probe", from: "Probe", to: "World", what: "pose", unit: "", ...parts };
}

test("positions, angles and speeds of a tool", () => {
  const history = new History();
  // 3 mm in x and 4 mm in y each 20 ms: 250 mm/s.
  for (let i = 0; i < 50; i++) history.takePoses([["1", T + i * 0.02, at(3 * i, 4 * i, -7), "OK"]]);
  const track = history.tools.get("1")!;
  expect(track.last(POSE.x)).toBe(147);
  expect(track.last(POSE.y)).toBe(196);
  expect(track.last(POSE.z)).toBe(-7);
  expect(track.last(POSE.angle)).toBe(0);
  expect(track.last(POSE.speed)).toBeCloseTo(250, 3);
});

test("poses that come at once count for the speed as one step", () => {
  const history = new History();
  for (let i = 0; i < 40; i++) history.takePoses([["1", T + Math.floor(i / 4) * 0.04, at(i), ""]]);
  const track = history.tools.get("1")!;
  expect(track.count).toBe(40);
  expect(track.last(POSE.speed)).toBeGreaterThan(90);
  expect(track.last(POSE.speed)).toBeLessThan(130);
});

test("there is no speed right after a silence or an invalid pose", () => {
  const history = new History();
  const pose = (time: number, x: number, status = ""): PoseSample => ["1", T + time, at(x), status];
  for (let i = 0; i < 20; i++) history.takePoses([pose(i * 0.05, i)]);
  const track = history.tools.get("1")!;
  expect(track.last(POSE.speed)).toBeCloseTo(20, 3);
  history.takePoses([pose(9, 500)]);
  expect(track.last(POSE.speed)).toBeNaN();
  history.takePoses([pose(9.05, 501), pose(9.1, 502), pose(9.15, 503), pose(9.2, 0, "MISSING"), pose(9.25, 900)]);
  expect(track.last(POSE.speed)).toBeNaN();
});

test("what is cleared begins anew, at whatever time, in the same tracks", () => {
  const history = new History();
  for (let i = 0; i < 9000; i++) history.takePoses([["1", T + i * 0.05, at(i), "LOST"]]);
  history.takeBoard(T + 450, [row(1)]);
  history.takeSensors([[2, T + 450, [5]]]);
  const track = history.tools.get("1")!;
  const changes = history.changes;
  history.clear();
  expect(history.changes).toBeGreaterThan(changes);
  expect(history.span()).toEqual([NaN, NaN]);
  expect(track.status).toBe("");
  history.takePoses([["1", T + 449.9, at(7), ""]]);
  expect(history.tools.get("1")).toBe(track);
  expect([track.oldest, track.newest, track.last(POSE.x)]).toEqual([expect.closeTo(T + 449.9, 1), T + 449.9, 7]);
  expect([track.last(POSE.speed), track.fullFrom]).toEqual([NaN, -Infinity]);
  const seen: number[] = [];
  track.visit(POSE.x, T, T + 500, 0, { add: (time) => seen.push(time) });
  expect(seen).toEqual([T + 449.9]);
});

test("a rate that is not known yet is a gap, that of a silent row is 0", () => {
  const history = new History();
  history.takeBoard(T, [row(1, { rate: 0, bandwidth: 0, state: "once" })]);
  const track = history.boards.get(1)!;
  expect([track.last(BOARD.rate), track.last(BOARD.bandwidth), track.last(BOARD.latency)]).toEqual([NaN, NaN, 0.002]);
  history.takeBoard(T + 0.25, [row(1, { rate: 0, bandwidth: 0, state: "silent" })]);
  expect([track.last(BOARD.rate), track.last(BOARD.bandwidth), track.last(BOARD.latency)]).toEqual([0, 0, NaN]);
});

test("invalid poses have no position", () => {
  const history = new History();
  history.takePoses([["1", T, at(5), ""], ["1", T + 0.1, at(6), "OUT_OF_VIEW"]]);
  const track = history.tools.get("1")!;
  expect(track.last(POSE.x)).toBeNaN();
  expect(track.status).toBe("OUT_OF_VIEW");
});

test("the angle of a rotation, also when it is small or half a turn", () => {
  expect(angleOf(IDENTITY)).toBe(0);
  expect(angleOf([0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0])).toBeCloseTo(90, 10);
  expect(angleOf([-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0])).toBeCloseTo(180, 10);
  expect(angleOf([0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0])).toBeCloseTo(120, 10);
  const small = 1e-6;
  expect(angleOf([1, -small, 0, 0, small, 1, 0, 0, 0, 0, 1, 0])).toBeCloseTo((small * 180) / Math.PI, 12);
});

test("rates, latencies and bandwidths of rows; a silent row has no latency", () => {
  const history = new History();
  history.takeBoard(T, [row(1), row(2, { latency: null })]);
  history.takeBoard(T + 0.25, [row(1, { rate: 0, state: "silent" })]);
  const track = history.boards.get(1)!;
  expect([track.back(1, BOARD.rate), track.back(1, BOARD.latency), track.back(1, BOARD.bandwidth)]).toEqual([50, 0.002, 5300]);
  expect(track.last(BOARD.rate)).toBe(0);
  expect(track.last(BOARD.latency)).toBeNaN();
  expect(history.boards.get(2)!.last(BOARD.latency)).toBeNaN();
});

test("sensor values as they came; more values than before begin a new track", () => {
  const history = new History();
  history.takeSensors([[3, T, [1.5, null]]]);
  expect([history.sensors.get(3)!.last(0), history.sensors.get(3)!.last(1)]).toEqual([1.5, NaN]);
  history.takeSensors([[3, T + 1, [7]]]);
  expect([history.sensors.get(3)!.last(0), history.sensors.get(3)!.count]).toEqual([7, 2]);
  history.takeSensors([[3, T + 2, [1, 2, 3]]]);
  expect(history.sensors.get(3)!.channels).toBe(3);
  history.takeSensors([[4, T, Array.from({ length: 255 }, () => 1)]]);
  expect(history.sensors.get(4)!.channels).toBe(16);
});

test("a server that numbers its rows anew does not continue the lines of others", () => {
  const history = new History();
  history.takeTools([tool("1")]);
  history.takePoses([["1", T, at(1), ""]]);
  history.takeTools([tool("1")]);
  history.takePoses([["1", T + 1, at(2), ""]]);
  expect(history.tools.get("1")!.count).toBe(2);
  history.takeTools([tool("1", { device: "Needle", name: "Needle" })]);
  history.takePoses([["1", T + 2, at(3), ""]]);
  expect(history.tools.get("1")!.count).toBe(1);
  history.takeBoard(T, [row(1)]);
  history.takeBoard(T + 1, [row(1, { device: "Needle" })]);
  expect(history.boards.get(1)!.count).toBe(1);
});

test("memory has an end: what comes too late is counted, and what is over makes room", () => {
  const history = new History(2 * Track.bytes(5));
  history.takePoses([["1", T, at(0), ""], ["2", T, at(0), ""], ["3", T, at(0), ""], ["3", T, at(0), ""]]);
  expect([...history.tools.keys()]).toEqual(["1", "2"]);
  expect(history.refused.size).toBe(1);
  history.takePoses([["2", T + KEPT_S + 10, at(0), ""], ["3", T + KEPT_S + 10, at(0), ""]]);
  expect([...history.tools.keys()]).toEqual(["2", "3"]);
  expect(history.refused.size).toBe(0);
});

test("500 rows that there is no memory for cost one look for room, not 500", () => {
  const history = new History(Track.bytes(3, 4096, 0));
  let looks = 0;
  const span = history.span.bind(history);
  history.span = () => ((looks += 1), span());
  const rows = Array.from({ length: 500 }, (_, id) => row(id));
  for (let n = 0; n < 3; n++) history.takeBoard(T + n, rows);
  expect([history.boards.size, history.refused.size, looks]).toEqual([1, 499, 3]);
});

test("the span is of all tracks", () => {
  const history = new History();
  expect(history.span()).toEqual([NaN, NaN]);
  history.takeSensors([[3, T + 5, [1]]]);
  history.takeBoard(T + 9, [row(1)]);
  const [oldest, newest] = history.span();
  expect(oldest).toBeCloseTo(T + 5, 1);
  expect(newest).toBe(T + 9);
  history.takeBoard(T + 2000, [row(1)]);
  expect(history.span()[0]).toBe(T + 2000 - KEPT_S);
});

test("what changed can be told from what did not", () => {
  const history = new History();
  const before = history.changes;
  history.takePoses([["1", T, at(0), ""]]);
  expect(history.changes).not.toBe(before);
});
