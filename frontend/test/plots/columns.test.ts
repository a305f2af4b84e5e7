import { expect, test } from "vitest";
import { Columns } from "../../src/plots/columns";
import { Track } from "../../src/plots/track";
import { trace } from "../../src/plots/trace";

/** What a pen does: "M" moves, "L" draws a line to, "D" a dot. */
function drawn(columns: Columns, flat = 0): string[] {
  const steps: string[] = [];
  const write = (what: string) => (time: number, value: number) => steps.push(`${what} ${time} ${value}`);
  trace(columns, flat, { move: write("M"), line: write("L"), dot: write("D") });
  return steps;
}

function columnsOf(track: Track, from: number, to: number, step: number): Columns {
  const columns = new Columns(Math.ceil((to - from) / step) + 3);
  columns.begin(from, step);
  track.visit(0, from, to, step, columns);
  return columns;
}

test("samples of a column are drawn as lowest and highest, the way they go", () => {
  const track = new Track(1);
  [3, 9, 1, 5].forEach((value, i) => track.push(100 + i / 64, [value]));
  [4, 1, 3].forEach((value, i) => track.push(100.125 + i / 64, [value]));
  const columns = columnsOf(track, 100, 100.25, 1 / 16);
  expect(drawn(columns)).toEqual(["M 100 1", "L 100.046875 9", "L 100.125 4", "L 100.15625 1"]);
  expect(drawn(columns, 3)).toEqual(["M 100 1", "L 100.046875 9", "L 100.125 4"]);
});

test("what is flat and alone is a dot", () => {
  const track = new Track(1);
  track.push(100, [3]);
  track.push(100.01, [3.5]);
  const columns = columnsOf(track, 100, 102, 0.05);
  expect(drawn(columns, 1)).toEqual(["M 100 3", "D 100 3"]);
  expect(drawn(columns)).toEqual(["M 100 3", "L 100.01 3.5"]);
});

test("the line is lifted over silence and invalid samples", () => {
  const track = new Track(1);
  for (const i of [0, 1, 2, 3]) track.push(100 + i * 0.25, [i]);
  track.pushInvalid(101, "MISSING");
  track.push(101.25, [5]);
  track.push(101.5, [6]);
  track.push(109, [7]);
  const columns = columnsOf(track, 100, 110, 0.01);
  expect(drawn(columns)).toEqual([
    "M 100 0",
    "L 100.25 1",
    "L 100.5 2",
    "L 100.75 3",
    "M 101.25 5",
    "L 101.5 6",
    "M 109 7",
    "D 109 7",
  ]);
  expect([...columns.invalid].reduce((sum, one) => sum + one)).toBe(1);
});

test("a line comes from left of the plot, but does not count for the axis", () => {
  const track = new Track(1);
  track.push(99, [1000]);
  track.push(100.5, [1]);
  track.push(101.5, [2]);
  track.push(103, [3000]);
  const columns = columnsOf(track, 100, 102, 0.01);
  expect(drawn(columns)[0]).toBe("M 99 1000");
  expect(drawn(columns).at(-1)).toBe("L 103 3000");
  expect([columns.lowest, columns.highest]).toEqual([1, 2]);
});

test("columns that are used anew forget what was in them", () => {
  const columns = new Columns(5);
  columns.begin(0, 1);
  columns.add(0.5, 7, 7, 0);
  columns.begin(100, 1);
  expect(drawn(columns)).toEqual([]);
  expect(columns.highest).toBe(-Infinity);
});

test("no peak is lost between 90 000 samples and a few columns", () => {
  const track = new Track(1);
  for (let i = 0; i < 90_000; i++) track.push(100 + i * 0.01, [i === 50_001 ? 42 : i === 50_003 ? -42 : 0]);
  const columns = columnsOf(track, 100, 1000, 3);
  expect([columns.lowest, columns.highest]).toEqual([-42, 42]);
});
