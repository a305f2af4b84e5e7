import { expect, test } from "vitest";
import type { Connection, Row } from "../../src/api";
import {
  branches,
  moved,
  placesAmongSiblings,
  placesByRate,
  visible,
  type Item,
  type View,
} from "../../src/devices/tree";

const VIEW: View = {
  grouping: "type",
  sorting: "appearance",
  filter: "",
  closed: new Set(),
  places: new Map(),
};

function row(id: number, type: string, device: string, parts: Partial<Row> = {}): Row {
  return { id, connection: 0, type, device, rate: 0, state: "live", ...parts } as Row;
}

const CONNECTIONS = [
  { id: 0, endpoint: "localhost:18944" },
  { id: 1, endpoint: "tracker:18944" },
] as Connection[];

const ROWS = [
  row(0, "TRANSFORM", "Probe", { rate: 50 }),
  row(1, "IMAGE", "Ultrasound", { rate: 25 }),
  row(2, "TRANSFORM", "Needle", { rate: 100, state: "silent" }),
  row(3, "STATUS", "Probe", { rate: 1, state: "bad" }),
  row(4, "TRANSFORM", "Device10", { connection: 1 }),
  row(5, "TRANSFORM", "Device9", { connection: 1 }),
];

function lines(view: Partial<View> = {}, connections = CONNECTIONS, rows = ROWS): string[] {
  const items = visible(connections, rows, { ...VIEW, ...view });
  return items.map((item) => "  ".repeat(item.level - 1) + label(item));
}

function label(item: Item): string {
  if (item.kind === "connection") return item.connection.endpoint;
  return item.kind === "group" ? `${item.label} (${item.count})` : item.row.device;
}

test("by type: groups in order of appearance, one row alone without a group", () => {
  expect(lines()).toEqual([
    "localhost:18944",
    "  TRANSFORM (2)",
    "    Probe",
    "    Needle",
    "  Ultrasound",
    "  Probe",
    "tracker:18944",
    "  TRANSFORM (2)",
    "    Device10",
    "    Device9",
  ]);
});

test("by device", () => {
  expect(lines({ grouping: "device" }).slice(0, 6)).toEqual([
    "localhost:18944",
    "  Probe (2)",
    "    Probe",
    "    Probe",
    "  Ultrasound",
    "  Needle",
  ]);
});

test("a group knows its rate and the worst of its rows", () => {
  const group = visible(CONNECTIONS, ROWS, VIEW).find((item) => item.kind === "group");
  expect(group).toMatchObject({ rate: 150, worst: "silent" });
});

test("by name, with numbers as people count", () => {
  expect(lines({ grouping: "none", sorting: "name" }).slice(-3)).toEqual([
    "tracker:18944",
    "  Device9",
    "  Device10",
  ]);
});

test("trouble first, the others as they came", () => {
  expect(lines({ grouping: "none", sorting: "trouble" }).slice(1, 5).map((line) => line.trim())).toEqual([
    "Probe",
    "Needle",
    "Probe",
    "Ultrasound",
  ]);
});

test("fastest first stays as it was when it was chosen; new rows come last", () => {
  const places = placesByRate(ROWS);
  const changed = ROWS.map((one) => (one.id === 1 ? { ...one, rate: 1000 } : one));
  const later = [...changed, row(6, "IMAGE", "New", { rate: 5000 })];
  const view = { grouping: "none", sorting: "rate", places } as const;
  const found = lines(view, CONNECTIONS.slice(0, 1), later);
  expect(found.slice(1).map((line) => line.trim())).toEqual(["Needle", "Probe", "Ultrasound", "Probe", "New"]);
});

test("what is closed hides what is in it", () => {
  expect(lines({ closed: new Set(["connection 0"]) })[1]).toBe("tracker:18944");
  const groups = branches(visible(CONNECTIONS, ROWS, VIEW));
  expect(lines({ closed: new Set(groups) })).toEqual([
    "localhost:18944",
    "  TRANSFORM (2)",
    "  Ultrasound",
    "  Probe",
    "tracker:18944",
    "  TRANSFORM (2)",
  ]);
});

test("all words have to be found, in name, type, state or endpoint; closed groups open", () => {
  const closed = new Set(["connection 0", "connection 1"]);
  expect(lines({ filter: "probe TRANS", closed })).toEqual(["localhost:18944", "  Probe"]);
  expect(lines({ filter: "silent" })).toEqual(["localhost:18944", "  Needle"]);
  expect(lines({ filter: "tracker device9" })).toEqual(["tracker:18944", "  Device9"]);
  expect(lines({ filter: "nothing of this" })).toEqual([]);
});

test("a connection without rows is shown, so that its text can be read", () => {
  expect(lines({}, CONNECTIONS, [])).toEqual(["localhost:18944", "tracker:18944"]);
});

test("each item knows its place among those of its parent", () => {
  const places = placesAmongSiblings(visible(CONNECTIONS, ROWS, VIEW));
  expect(places.map(({ place, of }) => `${place}/${of}`)).toEqual([
    "1/2",
    "1/3",
    "1/2",
    "2/2",
    "2/3",
    "3/3",
    "2/2",
    "1/1",
    "1/2",
    "2/2",
  ]);
});

test("keys move, and arrows to the left and right follow the branches", () => {
  const items = visible(CONNECTIONS, ROWS, VIEW);
  expect(moved(items, 0, "ArrowDown")).toBe(1);
  expect(moved(items, 0, "ArrowUp")).toBe(0);
  expect(moved(items, 3, "End")).toBe(9);
  expect(moved(items, 9, "ArrowDown")).toBe(9);
  expect(moved(items, 9, "Home")).toBe(0);
  expect(moved(items, 3, "ArrowLeft")).toBe(1);
  expect(moved(items, 4, "ArrowLeft")).toBe(0);
  expect(moved(items, 1, "ArrowRight")).toBe(2);
  expect(moved(items, 1, "ArrowLeft")).toBeUndefined(); // it is open, and closes
  expect(moved(items, 2, "x")).toBeUndefined();
});

