import { expect, test } from "vitest";
import { AS_SENT, flippedAcross } from "../../src/images/geometry";
import { FIT, moved, placed, scaleOf, unplaced, zoomed } from "../../src/images/viewport";

const STAGE = { width: 800, height: 600 };

test("a picture fits by its mm, not by its pixels, and lies in the middle", () => {
  // 100 x 100 pixels of 1 x 2 mm are 100 x 200 mm: 3 CSS pixels a mm fill the height.
  const { a, b, c, d, e, f } = placed(STAGE, { width: 100, height: 100 }, [1, 2], AS_SENT, FIT);
  expect([a, b, c, d, e, f]).toEqual([3, 0, 0, 6, 250, 0]);
});

test("what is flipped across lies in the same place", () => {
  const { a, d, e, f } = placed(STAGE, { width: 100, height: 100 }, [1, 2], flippedAcross(AS_SENT), FIT);
  expect([a, d, e, f]).toEqual([-3, 6, 550, 0]);
});

test("a picture that is turned upright exchanges its sides", () => {
  const upright = { across: { along: "row", sign: 1 }, down: { along: "column", sign: 1 } } as const;
  const transform = placed(STAGE, { width: 300, height: 100 }, [1, 1], upright, FIT);
  // 100 wide and 300 high as shown: twice as large, from 300 to 500 across.
  expect(transform).toEqual({ a: 0, b: 2, c: 2, d: 0, e: 300, f: 0 });
  expect(unplaced(transform, { x: 301, y: 41 })).toEqual({ x: 20.5, y: 0.5 });
});

test("a place of the stage is found in the picture", () => {
  const transform = placed(STAGE, { width: 100, height: 100 }, [1, 2], AS_SENT, FIT);
  expect(unplaced(transform, { x: 250 + 3 * 10.5, y: 6 * 20.5 })).toEqual({ x: 10.5, y: 20.5 });
  expect(scaleOf(transform)).toBe(3);
});

test("zooming leaves what is under the pointer where it is", () => {
  const at = { x: 500, y: 200 };
  const place = (view: typeof FIT) =>
    unplaced(placed(STAGE, { width: 100, height: 100 }, [1, 2], AS_SENT, view), at);
  const view = zoomed(zoomed(FIT, 2, { x: 10, y: 590 }, STAGE), 3, at, STAGE);
  const before = place(zoomed(FIT, 2, { x: 10, y: 590 }, STAGE));
  expect(view.zoom).toBe(6);
  expect(place(view).x).toBeCloseTo(before.x);
  expect(place(view).y).toBeCloseTo(before.y);
});

test("zoom has limits, and a picture cannot be lost off the stage", () => {
  expect(zoomed(FIT, 1e9, { x: 0, y: 0 }, STAGE).zoom).toBe(64);
  expect(zoomed(FIT, 1e-9, { x: 0, y: 0 }, STAGE).zoom).toBe(0.25);
  expect(moved(FIT, { x: 1e6, y: -1e6 }, STAGE)).toEqual({ zoom: 1, x: 400, y: -300 });
});
