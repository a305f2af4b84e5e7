import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Board, Connection, Hello, LogLine, Playback, Row } from "../src/api";
import * as store from "../src/store";

const HELLO: Hello = {
  kind: "hello",
  version: "1",
  server: "0",
  title: "localhost:18944",
  mode: "live",
  clock: 1000,
  h264: true,
  jpeg: true,
  near: true,
  can_record: true,
};

function row(id: number, parts: Partial<Row> = {}): Row {
  return {
    id,
    connection: 0,
    type: "TRANSFORM",
    device: `Device${id}`,
    version: 1,
    number: 10,
    messages: 10,
    bytes: 1060,
    rate: 10,
    bandwidth: 1060,
    age: 0.5,
    latency: null,
    drops: null,
    errors: 0,
    state: "live",
    note: "",
    left_out: "",
    summary: "",
    ...parts,
  };
}

function connection(id: number, endpoint: string): Connection {
  return {
    id,
    endpoint,
    state: "connected",
    text: "",
    address: "",
    profile: "auto",
    messages: 0,
    bytes: 0,
    rate: 0,
    bandwidth: 0,
    errors: 0,
  };
}

function board(time: number, rows: Row[], parts: Partial<Board> = {}): Board {
  return { kind: "board", time, complete: false, connections: [], rows, ...parts };
}

let server = 0;

beforeEach(() => {
  server += 1;
  store.take({ ...HELLO, server: String(server) });
  store.selected.value = null;
});

test("a board that is not complete changes the rows in it and keeps the others", () => {
  store.take(board(1, [row(0), row(1)], { complete: true }));
  const kept = store.rows.value.get(0);
  store.take(board(2, [row(1, { rate: 20 })]));
  expect([...store.rows.value.values()].map((one) => one.rate)).toEqual([10, 20]);
  expect(store.rows.value.get(0)).toBe(kept);
});

test("a complete board replaces all", () => {
  store.take(board(1, [row(0), row(1)], { complete: true }));
  store.take(board(2, [row(2)], { complete: true }));
  expect([...store.rows.value.keys()]).toEqual([2]);
});

test("connections are kept in order, changed by id", () => {
  const both = [connection(0, "a:1"), connection(1, "b:1")];
  store.take(board(1, [], { complete: true, connections: both }));
  store.take(board(2, [], { connections: [{ ...both[0]!, state: "waiting" }] }));
  expect(store.connections.value.map((one) => [one.endpoint, one.state])).toEqual([
    ["a:1", "waiting"],
    ["b:1", "connected"],
  ]);
});

test("what sends nothing grows older although no board has it", () => {
  store.take(board(100, [row(0, { age: 0.5 })], { complete: true }));
  expect(store.ageOf(0)).toBeCloseTo(0.5);
  store.take(board(103, []));
  expect(store.ageOf(0)).toBeCloseTo(3.5);
  expect(store.ageOf(99)).toBeNull();
});

function line(n: number): LogLine {
  return { n, time: n, row: 0, type: "STRING", device: "Log", level: "info", text: "a" };
}

test("another server forgets what was of the one before", () => {
  store.take(board(1, [row(0)], { complete: true }));
  store.take({ kind: "poses", samples: [["0", 1, new Array(12).fill(0), ""]] });
  store.take({ kind: "log", lines: [line(7)] });
  expect(store.log.value).toHaveLength(1);
  store.take({ ...HELLO, server: "another" });
  expect(store.rows.value.size).toBe(0);
  expect(store.log.value).toHaveLength(0);
  expect(store.newestPoses.size).toBe(0);
  expect(store.ageOf(0)).toBeNull();
  store.take({ kind: "log", lines: [line(1)] });
  expect(store.log.value).toHaveLength(1);
});

test("the same server again: all is kept, and no line is there twice", () => {
  store.take(board(1, [row(0)], { complete: true }));
  store.take({ kind: "log", lines: [line(1), line(2)] });
  store.take({ ...HELLO, server: String(server), clock: 2000 });
  expect(store.rows.value.size).toBe(1);
  store.take({ kind: "log", lines: [line(1), line(2), line(3)] });
  expect(store.log.value.map(({ n }) => n)).toEqual([1, 2, 3]);
  store.log.value = []; // somebody cleared it
  store.take({ kind: "log", lines: [line(2), line(3), line(4)] });
  expect(store.log.value.map(({ n }) => n)).toEqual([4]);
});

test("details of a row that is not there any more are closed", () => {
  store.take(board(1, [row(0), row(7)], { complete: true }));
  store.selected.value = 7;
  store.take(board(2, [row(0)], { complete: true }));
  expect(store.selected.value).toBeNull();
});

test("the same trouble twice is told twice", () => {
  const told: string[] = [];
  const end = store.trouble.subscribe((text) => void (text && told.push(text)));
  store.take({ kind: "trouble", text: "disk full" });
  store.take({ kind: "trouble", text: "disk full" });
  end();
  expect(told).toEqual(["disk full", "disk full"]);
});

test("the log keeps the newest 2000 lines", () => {
  const lines = Array.from({ length: 1500 }, (_, n) => line(n));
  store.take({ kind: "log", lines });
  store.take({ kind: "log", lines: lines.map((line) => ({ ...line, n: line.n + 1500 })) });
  expect(store.log.value).toHaveLength(2000);
  expect(store.log.value[0]!.n).toBe(1000);
  expect(store.log.value.at(-1)!.n).toBe(2999);
});

test("kinds that this page does not know change nothing", () => {
  const before = store.rows.value;
  store.take({ kind: "weather" } as never);
  expect(store.rows.value).toBe(before);
});

// ---- whose clock it is

const PLAYED: Playback = {
  kind: "playback",
  file: "session.mcap",
  position: 10,
  clock: 1_000_010,
  start: 0,
  end: 80,
  paused: false,
  speed: 4,
  loop: false,
  loops: 0,
  over: false,
};

let now = 0;

function stubClock(): void {
  now = 5_000_000;
  vi.stubGlobal("performance", { timeOrigin: 1e12, now: () => now });
}

afterEach(() => vi.unstubAllGlobals());

test("of servers it is that of now: this machine's own, or theirs from afar", () => {
  stubClock();
  store.take(HELLO);
  expect(store.serverNow()).toBeCloseTo(1_000_005_000, 3);
  store.take({ ...HELLO, near: false });
  now += 2500;
  expect(store.serverNow()).toBeCloseTo(1002.5, 3);
});

test("of a recording it is when that was recorded which is played", () => {
  stubClock();
  store.take({ ...HELLO, mode: "file", clock: 1_000_000 });
  now += 5000;
  expect(store.serverNow()).toBe(1_000_000);
  store.take(PLAYED);
  now += 500;
  expect(store.serverNow()).toBeCloseTo(1_000_012, 3); // four times as fast
  now += 60_000;
  expect(store.serverNow()).toBe(1_000_080); // not beyond the end
});

test.each([{ paused: true }, { over: true }, { speed: null }])("it stands still with %o", (how) => {
  stubClock();
  store.take({ ...HELLO, mode: "file" });
  store.take({ ...PLAYED, ...how });
  now += 500;
  expect(store.serverNow()).toBe(1_000_010);
});

test("a recording that goes on elsewhere: its time, an empty log, and who listens is told", () => {
  stubClock();
  store.take({ ...HELLO, mode: "file", server: "file" });
  store.take({ ...PLAYED, paused: true });
  store.take({ kind: "log", lines: [line(7), line(8)] });
  let jumps = 0;
  const end = store.onJump(() => (jumps += 1));
  store.take({ kind: "jump", clock: 1_000_003 });
  end();
  expect([jumps, store.serverNow()]).toEqual([1, 1_000_003]);
  expect(store.log.value).toEqual([]);
  store.take({ kind: "log", lines: [line(2), line(9)] }); // what the server kept, told again
  expect(store.log.value.map(({ n }) => n)).toEqual([2, 9]);
});

test("boards of a time that stands still are told when a row changed", () => {
  const times: number[] = [];
  const end = store.onBoard((time) => times.push(time));
  store.take(board(100, [row(0)], { complete: true }));
  store.take(board(100, []));
  store.take(board(100, [row(0, { rate: 20 })]));
  store.take(board(101, []));
  end();
  expect(times).toEqual([100, 100, 101]);
});
