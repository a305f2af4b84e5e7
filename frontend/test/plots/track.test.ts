import { expect, test } from "vitest";
import { BREAK, BUCKET_S, COARSE, FINE, INVALID, Track } from "../../src/plots/track";

const START = 1_700_000_000;

function visited(track: Track, from: number, to: number, step = 0) {
  const found: { time: number; low: number; high: number; flags: number }[] = [];
  track.visit(0, from, to, step, {
    add: (time, low, high, flags) => found.push({ time, low, high, flags }),
  });
  return found;
}

/** A track of one value each `interval` seconds; the value is the number of the sample. */
function regular(count: number, interval: number): Track {
  const track = new Track(1);
  for (let i = 0; i < count; i++) track.push(START + i * interval, [i]);
  return track;
}

test("what was pushed is visited, with one more on either side", () => {
  const track = regular(100, 0.01);
  const values = visited(track, START + 0.495, START + 0.525).map(({ low }) => low);
  expect(values).toEqual([49, 50, 51, 52, 53]);
  expect(track.last(0)).toBe(99);
  expect(track.newest).toBe(START + 0.99);
});

test("the newest samples are kept at full rate, older ones as lowest and highest", () => {
  const count = FINE + 3000;
  const track = regular(count, 0.01);
  const all = visited(track, START, START + count * 0.01);
  const fine = all.filter(({ time }) => time >= track.fullFrom);
  expect(fine.map(({ low }) => low)).toEqual(Array.from({ length: FINE }, (_, i) => count - FINE + i));
  const old = all.filter(({ time }) => time < track.fullFrom);
  expect(old.length).toBeGreaterThan(299);
  const middle = old.slice(1, -1);
  for (const { time, low, high } of middle) {
    // Ten samples are in a tenth of a second, give or take one at its edges.
    expect(high - low).toBeGreaterThanOrEqual(8);
    expect(Math.abs(low - (time - START) * 100)).toBeLessThanOrEqual(1.5);
  }
});

test("a single peak stays as long as anything does", () => {
  const track = new Track(1);
  const hours = 100_000;
  for (let i = 0; i < hours; i++) track.push(START + i * 0.01, [i === 60_000 ? 999 : i === 60_007 ? -999 : 0]);
  expect(hours - 60_000).toBeGreaterThan(FINE);
  const all = visited(track, START, START + hours * 0.01, 1);
  expect(Math.max(...all.map(({ high }) => high))).toBe(999);
  expect(Math.min(...all.map(({ low }) => low))).toBe(-999);
  const near = all.filter(({ high }) => high === 999);
  expect(near).toHaveLength(1);
  expect(Math.abs(near[0]!.time - (START + 600))).toBeLessThanOrEqual(BUCKET_S);
});

test("memory does not grow, and 15 minutes can be looked back at", () => {
  const track = regular(200_000, 0.01);
  expect(track.bytes).toBe(Track.bytes(1));
  expect(track.count).toBe(FINE);
  expect(track.newest - track.oldest).toBeCloseTo(COARSE * BUCKET_S, 0);
  expect(Track.bytes(5)).toBe(842_408);
});

test("wide steps are answered with buckets, also of what is new", () => {
  const track = regular(1000, 0.01);
  expect(visited(track, START, START + 10, 0.5).length).toBeLessThanOrEqual(102);
  expect(visited(track, START, START + 10, 0.05).length).toBe(1000);
});

test("a silence breaks the line, where it ends", () => {
  const track = new Track(1);
  for (const time of [0, 0.1, 0.2, 0.3, 2, 2.1, 2.2]) track.push(START + time, [1]);
  const breaks = visited(track, START, START + 3).filter(({ flags }) => flags & BREAK);
  expect(breaks.map(({ time }) => time - START)).toEqual([2]);
});

test("what comes seldom has no gaps, also after it had come often", () => {
  const track = new Track(1);
  for (let i = 0; i < 50; i++) track.push(START + i * 0.01, [1]);
  for (let i = 1; i < 20; i++) track.push(START + i * 2, [1]);
  const breaks = visited(track, START, START + 60).filter(({ flags }) => flags & BREAK);
  expect(breaks).toHaveLength(1);
});

test("invalid samples are marked and have no value", () => {
  const track = new Track(1);
  track.push(START, [5]);
  track.pushInvalid(START + 0.01, "MISSING");
  expect(track.status).toBe("MISSING");
  track.push(START + 0.02, [6]);
  expect(track.status).toBe("");
  const [, invalid] = visited(track, START, START + 1);
  expect(invalid).toMatchObject({ low: NaN, flags: INVALID });
  const [bucket] = visited(track, START, START + 1, 1);
  expect(bucket).toMatchObject({ low: 5, high: 6, flags: INVALID });
});

test("a value that is null leaves its channel alone empty", () => {
  const track = new Track(2);
  track.push(START, [1, null]);
  track.push(START + 0.01, [null, 4]);
  expect([track.back(1, 0), track.back(1, 1), track.last(0), track.last(1)]).toEqual([1, NaN, NaN, 4]);
  const [bucket] = visited(track, START, START, 1);
  expect(bucket).toMatchObject({ low: 1, high: 1 });
});

test("late samples are left out; a recording that is wound back takes the future along", () => {
  const track = regular(1000, 0.01);
  track.push(START + 9.5, [-1]);
  expect([track.count, track.late]).toEqual([1000, 1]);
  track.push(START + 4, [-2]);
  expect(track.last(0)).toBe(-2);
  expect(track.newest).toBe(START + 4);
  const all = visited(track, START, START + 20, 1);
  expect(all.at(-1)!.time).toBeLessThanOrEqual(START + 4);
  expect(visited(track, START, START + 20).at(-2)!.low).toBe(399);
});

test("winding back to before the full rate leaves the buckets", () => {
  const track = regular(FINE + 3000, 0.01);
  track.push(START + 10, [-2]);
  const all = visited(track, START, START + 20);
  expect(all.some(({ low, high }) => low !== high)).toBe(true);
  expect(all.filter(({ low }) => low === -2)).toHaveLength(1);
});

test("the value at a time is of the sample then or before, not in a silence", () => {
  const track = new Track(1);
  for (let i = 0; i <= 10; i++) track.push(START + i * 0.1, [i]);
  track.push(START + 5, [77]);
  expect(track.valueAt(0, START + 0.55)).toBe(5);
  expect(track.valueAt(0, START + 1.2)).toBe(10);
  expect(track.valueAt(0, START + 3)).toBeNaN();
  expect(track.valueAt(0, START + 5)).toBe(77);
  expect(track.valueAt(0, START - 1)).toBeNaN();
  expect(new Track(1).valueAt(0, START)).toBeNaN();
});

test("a time that is no number is not kept", () => {
  const track = new Track(1);
  track.push(NaN, [1]);
  expect(track.count).toBe(0);
});
