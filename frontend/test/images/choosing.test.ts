import { expect, test } from "vitest";
import type { Connection, Row } from "../../src/api";
import { assigned, offersOf } from "../../src/images/choosing";

function row(id: number, device: string, type = "IMAGE", connection = 0): Row {
  return { id, device, type, connection } as Row;
}

const CONNECTIONS = [
  { id: 0, endpoint: "localhost:18944" },
  { id: 1, endpoint: "scanner:18944" },
] as Connection[];

test("pictures are offered by their device, with more where that is not enough", () => {
  const rows = [row(0, "Probe", "TRANSFORM"), row(1, "US"), row(2, "CT"), row(3, "US", "VIDEO"), row(4, "CT", "IMAGE", 1)];
  expect(offersOf(rows, CONNECTIONS).map(({ label }) => label)).toEqual([
    "US, IMAGE",
    "CT, localhost:18944",
    "US, VIDEO",
    "CT, scanner:18944",
  ]);
});

test("a stream has the same name after its id has changed", () => {
  const [before] = offersOf([row(1, "US")], CONNECTIONS);
  const [after] = offersOf([row(8, "US")], CONNECTIONS);
  expect(before!.name).toBe(after!.name);
});

test("cells take what is wanted; the others the first that nobody wants", () => {
  const offers = offersOf([row(1, "A"), row(2, "B"), row(3, "C")], CONNECTIONS);
  const wanted = [null, offers[0]!.name, null, null];
  expect(assigned(wanted, offers).map((offer) => offer?.row.device)).toEqual(["B", "A", "C", undefined]);
});

test("a cell whose stream is gone stays empty, and has it again when it is back", () => {
  const [gone, other] = offersOf([row(1, "A"), row(2, "B")], CONNECTIONS);
  expect(assigned([gone!.name], [other!])).toEqual([null]);
});
