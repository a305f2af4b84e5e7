import { expect, test } from "vitest";
import { Trail, Trails } from "../../src/space/trail";

/** Where its corners are along x. */
function corners({ places }: Trail): number[] {
  return places.filter((_, i) => i % 3 === 0);
}

test("a trail has the last seconds", () => {
  const trail = new Trail();
  trail.setSeconds(2);
  expect(trail.add(10, 0, 0, 0)).toBe(true);
  expect(trail.add(11, 5, 0, 0)).toBe(true);
  expect(trail.add(12.5, 9, 0, 0)).toBe(true);
  expect(corners(trail)).toEqual([5, 9]);
  // Who rests leaves none, in the end.
  expect(trail.add(12.6, 9, 0, 0)).toBe(false);
  expect(trail.add(13.5, 9, 0, 0)).toBe(true);
  expect(trail.add(15, 9, 0, 0)).toBe(true);
  expect(corners(trail)).toEqual([]);
});

test("a trail that nobody wants is none", () => {
  const trail = new Trail();
  trail.add(10, 0, 0, 0);
  trail.setSeconds(0);
  expect(trail.add(11, 5, 0, 0)).toBe(false);
  expect(corners(trail)).toEqual([]);
});

test("who rewinds begins a new trail", () => {
  const trail = new Trail();
  trail.add(10, 1, 0, 0);
  trail.add(3, 2, 0, 0);
  expect(corners(trail)).toEqual([2]);
});

test("at 100 poses a second its end is at the tool, and its corners are 1/30 s apart", () => {
  const trail = new Trail();
  for (let n = 0; n <= 20; n++) {
    trail.add(n / 100, n, 0, 0);
    expect(corners(trail).at(-1)).toBe(n);
  }
  expect(corners(trail)).toEqual([0, 4, 8, 12, 16, 20]);
});

test("all trails are one body, each with its own colour; one corner is none", () => {
  const trails = new Trails();
  expect(trails.solid.actor.getVisibility()).toBe(false);
  const [one, other, short] = [new Trail(), new Trail(), new Trail()];
  Object.assign(other, { colour: [7, 8, 9], opacity: 0.2 });
  short.add(1, 0, 0, 0);
  for (const n of [1, 2, 3]) one.add(n / 10, n, 0, 0);
  for (const n of [1, 2]) other.add(n / 10, 0, n, 0);
  trails.draw([one, short, other]);
  const { data, actor } = trails.solid;
  expect([...(data.getLines().getData() as Uint32Array)]).toEqual([3, 0, 1, 2, 2, 3, 4]);
  expect(data.getBounds()).toEqual([0, 3, 0, 2, 0, 0]);
  const colours = [...(data.getPointData().getScalars().getData() as Uint8Array)];
  expect(colours.slice(0, 4)).toEqual([0, 0, 0, 255]);
  expect(colours.slice(-4)).toEqual([7, 8, 9, 51]);
  expect(actor.getVisibility()).toBe(true);
  trails.draw([]);
  expect(actor.getVisibility()).toBe(false);
  trails.solid.dispose();
});
