import { expect, test } from "vitest";
import type { Connection, Row } from "../../src/api";
import { assigned, offersOf } from "../../src/images/choosing";

function row(id: number, device: string, type = "IMAGE", connection = 0, rate = 0): Row {
  return { id, device, type, connection, rate } as Row;
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
  expect(assigned(wanted, offers, []).map((one) => one?.offer.row.device)).toEqual(["B", "A", "C", undefined]);
});

test("a cell whose stream is gone stays empty, and has it again when it is back", () => {
  const [gone, other] = offersOf([row(1, "A"), row(2, "B")], CONNECTIONS);
  expect(assigned([gone!.name], [other!], [])).toEqual([null]);
});

test("streams that flow come before volumes that were sent first, and then stay", () => {
  const at = (ctRate: number, usRate: number) =>
    offersOf([row(1, "CT", "IMAGE", 0, ctRate), row(2, "US", "IMAGE", 0, usRate)], CONNECTIONS);
  const devices = (cells: ReturnType<typeof assigned>) => cells.map((one) => one?.offer.row.device);
  const first = assigned([null], at(0.2, 0).slice(0, 1), []);
  expect(devices(first)).toEqual(["CT"]);
  const flowing = assigned([null], at(0.2, 25), first);
  expect(devices(flowing)).toEqual(["US"]);
  const stopped = assigned([null], at(5, 0), flowing);
  expect(devices(stopped)).toEqual(["US"]); // nobody takes what is shown for another device
  expect(devices(assigned([null, null], at(0.2, 25), stopped))).toEqual(["US", "CT"]);
  expect(devices(assigned([at(0, 0)[0]!.name], at(0.2, 25), []))).toEqual(["CT"]);
});

test("ten thousand streams are offered without ado", () => {
  const rows = Array.from({ length: 10_000 }, (_, n) => row(n, `Device${n % 5000}`, n < 5000 ? "IMAGE" : "VIDEO"));
  const counted = rows.map((one) => ({ ...one, get device() { return (reads += 1), one.device; } }));
  let reads = 0;
  offersOf(counted as Row[], CONNECTIONS);
  expect(reads).toBeLessThan(20 * rows.length);
});
