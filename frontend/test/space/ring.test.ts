import { expect, test } from "vitest";
import { Ring } from "../../src/space/ring";

function places(ring: Ring, capacity: number): number[] {
  const into = new Float32Array(3 * capacity);
  ring.write(into);
  return [...into].filter((_, i) => i % 3 === 0);
}

test("the oldest places are written over", () => {
  const ring = new Ring(3);
  for (const n of [1, 2, 3, 4, 5]) ring.push(n, n, 0, 0);
  expect(ring.count).toBe(3);
  expect(places(ring, 3)).toEqual([3, 4, 5]);
});

test("what remains repeats the newest place", () => {
  const ring = new Ring(4);
  ring.push(1, 7, 0, 0);
  ring.push(2, 8, 0, 0);
  expect(places(ring, 4)).toEqual([7, 8, 8, 8]);
});

test("old places are forgotten, by time", () => {
  const ring = new Ring(4);
  for (const n of [1, 2, 3]) ring.push(n, n, 0, 0);
  expect(ring.forget(1)).toBe(false);
  expect(ring.forget(2.5)).toBe(true);
  expect(places(ring, 4)).toEqual([3, 3, 3, 3]);
});

test("who rewinds begins a new trail", () => {
  const ring = new Ring(4);
  ring.push(10, 1, 0, 0);
  ring.push(3, 2, 0, 0);
  expect(ring.count).toBe(1);
  expect(ring.newest()).toBe(3);
});

test("the distance is to the newest place", () => {
  const ring = new Ring(2);
  expect(ring.distance(0, 0, 0)).toBe(Infinity);
  ring.push(1, 0, 0, 0);
  ring.push(2, 3, 0, 4);
  expect(ring.distance(0, 0, 0)).toBe(5);
});
