// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connection, Row } from "../../src/api";
import { Details } from "../../src/devices/details";
import { Devices } from "../../src/devices/devices";
import { filter, openAll } from "../../src/devices/list";
import { devicesOpen, find } from "../../src/frame/layout";
import { selected, take } from "../../src/store";

function row(id: number, type: string, device: string, parts: Partial<Row> = {}): Row {
  return {
    id,
    connection: 0,
    type,
    device,
    version: 1,
    number: 9,
    messages: 9,
    bytes: 954,
    rate: 50,
    bandwidth: 5300,
    age: 0.1,
    latency: 0.042,
    drops: 3,
    errors: 0,
    state: "live",
    note: "",
    left_out: "",
    summary: "",
    ...parts,
  };
}

const REFUSED = "no OpenIGTLink server at localhost:18945: connection refused";
const CONNECTED = {
  id: 0,
  endpoint: "localhost:18944",
  state: "connected",
  text: "connected",
  rate: 50,
  bandwidth: 1,
} as Connection;
const WAITING: Connection = {
  ...CONNECTED,
  id: 1,
  endpoint: "localhost:18945",
  state: "waiting",
  text: REFUSED,
};

function board(time: number, rows: Row[], complete = true): void {
  take({ kind: "board", time, complete, connections: [CONNECTED, WAITING], rows });
}

beforeEach(async () => {
  selected.value = null;
  filter.value = "";
  openAll();
  board(100, [row(0, "TRANSFORM", "Probe"), row(1, "TRANSFORM", "Needle"), row(2, "IMAGE", "Ultrasound")]);
  await act(() => render(<Devices />, document.body));
});

afterEach(() => render(null, document.body));

const all = () => [...document.querySelectorAll<HTMLElement>("[role=treeitem]")];
const named = (start: string) => all().find((one) => one.getAttribute("aria-label")!.startsWith(start))!;
const press = (key: string) =>
  act(() => void document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })));

test("a row shows rate, bandwidth, latency, age and what was lost", () => {
  for (const part of ["50.0/s", "5.30 kB/s", "42 ms", "0.1 s", "3"]) {
    expect(named("Probe").textContent).toContain(part);
  }
});

test("a rate that is not known yet is not shown", async () => {
  const none = { rate: 0, bandwidth: 0 };
  await act(() => board(100.25, [row(0, "TRANSFORM", "Probe", none)], false));
  expect(named("Probe").textContent).not.toContain("/s");
  await act(() => board(100.5, [row(0, "TRANSFORM", "Probe", { ...none, state: "silent" })], false));
  expect(named("Probe").textContent).toContain("0/s");
});

test("numbers change in the same elements", async () => {
  const before = named("Probe");
  await act(() => board(100.25, [row(0, "TRANSFORM", "Probe", { rate: 25, age: 0 })], false));
  expect(named("Probe")).toBe(before);
  expect(before.textContent).toContain("25.0/s");
  expect(named("Needle").textContent).toContain("0.3 s"); // not in the board, and older
});

test("a state is said in a word, and read aloud", async () => {
  await act(() => board(101, [row(0, "TRANSFORM", "Probe", { state: "silent", note: "it stopped" })], false));
  expect(named("Probe").textContent).toContain("Silent");
  expect(named("Probe").getAttribute("aria-label")).toBe("Probe, TRANSFORM, Silent");
  expect(named("TRANSFORM").textContent).toContain("Silent");
});

test("what of a device is not shown is said in the list and in its details", async () => {
  const left_out = "200 of 350 tools are shown: at most 200 of a device are";
  await act(() => board(101, [row(0, "TDATA", "NDI", { left_out })], false));
  expect(named("NDI").textContent).toContain("Not all shown");
  expect(named("NDI").querySelector(`[title="${left_out}"]`)).not.toBeNull();
  selected.value = 0;
  await act(() => render(<Details />, document.body));
  expect(document.body.textContent).toContain(`${left_out}.`);
});

test("old times are told of where the latency is", async () => {
  selected.value = 0;
  await act(() => render(<Details />, document.body));
  expect(document.body.textContent).not.toContain("--times now");
  await act(() => board(101, [row(0, "TRANSFORM", "Probe", { latency: 480 })], false));
  expect(document.body.textContent).toContain("a replay (--times now moves them), or clocks that differ");
});

test("a server that is not there is told of, at the top too", () => {
  expect(named("localhost:18945").textContent).toContain(REFUSED);
  expect(document.querySelector(".unconnected")!.textContent).toBe("localhost:18945 is not connected");
});

test("one item is reached by Tab, arrows lead to the others, Enter chooses", async () => {
  expect(all().filter((one) => one.tabIndex === 0)).toHaveLength(1);
  all()[0]!.focus();
  await press("ArrowDown");
  await press("ArrowDown");
  expect(document.activeElement).toBe(named("Probe"));
  expect(all().filter((one) => one.tabIndex === 0)).toEqual([named("Probe")]);
  await press("Enter");
  expect(selected.value).toBe(0);
  expect(named("Probe").getAttribute("aria-selected")).toBe("true");
});

test("arrows close and open what has others in it", async () => {
  named("TRANSFORM").focus();
  await press("ArrowLeft");
  expect(named("TRANSFORM").getAttribute("aria-expanded")).toBe("false");
  expect(named("Probe")).toBeUndefined();
  await press("ArrowRight");
  expect(named("Probe")).toBeDefined();
});

test("what is typed leaves what matches; nothing found can be undone", async () => {
  await act(() => void (filter.value = "ultra"));
  expect(all().map((one) => one.getAttribute("aria-level"))).toEqual(["1", "2"]);
  await act(() => void (filter.value = "nothing like it"));
  expect(document.body.textContent).toContain('No device matches "nothing like it"');
  const undo = [...document.querySelectorAll("button")].find((one) => one.textContent === "Show all")!;
  await act(() => undo.click());
  expect(named("Probe")).toBeDefined();
});

test("of five hundred rows few are in the document", async () => {
  const many = Array.from({ length: 500 }, (_, id) => row(id, "TRANSFORM", `Device${id}`));
  await act(() => board(102, many));
  expect(all().length).toBeLessThan(40);
});

test("to find leads into the search; Escape empties it, then leaves it", async () => {
  await act(find);
  const search = document.querySelector<HTMLInputElement>("input[type=search]")!;
  expect(document.activeElement).toBe(search);
  filter.value = "probe";
  await press("Escape");
  expect(filter.value).toBe("");
  expect(document.activeElement).toBe(search);
  await press("Escape");
  expect(document.activeElement).not.toBe(search);
});

test("to find opens a list that was closed, and leads into its search", async () => {
  render(null, document.body);
  devicesOpen.value = false;
  find();
  expect(devicesOpen.value).toBe(true);
  await act(() => render(<Devices />, document.body));
  expect(document.activeElement).toBe(document.querySelector("input[type=search]"));
});
