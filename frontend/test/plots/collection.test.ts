import { expect, test } from "vitest";
import { history } from "../../src/plots/collection";
import { follow, kept, stopAt, stopped } from "../../src/plots/view";
import { take } from "../../src/store";

const T = 1_700_000_000;
const PLACE = [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0];

test("a jump in a recording empties the plots, which follow again", () => {
  for (let i = 0; i <= 100; i++) take({ kind: "poses", samples: [["0", T + i, PLACE, ""]] });
  stopAt(T + 80);
  expect(stopped.value).toBe(T + 80);
  take({ kind: "jump", clock: T + 20 });
  expect(history.span()).toEqual([NaN, NaN]);
  expect(stopped.value).toBeNull();
  take({ kind: "poses", samples: [["0", T + 20, PLACE, ""]] });
  take({ kind: "poses", samples: [["0", T + 20.1, PLACE, ""]] });
  expect(kept()[0]).toBeCloseTo(T + 20, 1);
  expect(history.span()[1]).toBe(T + 20.1);
  follow();
});
