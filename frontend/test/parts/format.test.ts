import { expect, test } from "vitest";
import * as format from "../../src/parts/format";

test("rates", () => {
  expect(format.perSecond(0)).toBe("0/s");
  expect(format.perSecond(0.2)).toBe("0.20/s");
  expect(format.perSecond(29.97)).toBe("30.0/s");
  expect(format.perSecond(1234.4)).toBe("1234/s");
  expect(format.perSecond(9.999)).toBe("10.0/s");
});

test("bytes, also those just below the next unit", () => {
  expect(format.bytes(0)).toBe("0 B");
  expect(format.bytes(999)).toBe("999 B");
  expect(format.bytes(999.7)).toBe("1.00 kB");
  expect(format.bytes(999_600)).toBe("1.00 MB");
  expect(format.bytes(75.9e9)).toBe("75.9 GB");
  expect(format.bytes(5e15)).toBe("5000 TB");
  expect(format.bandwidth(9.216e6)).toBe("9.22 MB/s");
});

test("delays and ages", () => {
  expect(format.delay(0.0004)).toBe("0.4 ms");
  expect(format.delay(0.042)).toBe("42 ms");
  expect(format.delay(-0.25)).toBe("\u2212250 ms");
  expect(format.delay(-0.00001)).toBe("0.0 ms");
  expect(format.delay(1.25)).toBe("1.25 s");
  expect(format.age(0.04)).toBe("0.0 s");
  expect(format.age(9.96)).toBe("9.96 s");
  expect(format.age(75)).toBe("75 s");
  expect(format.age(300)).toBe("5 min");
  expect(format.age(86_400 * 3)).toBe("3 d");
});

test("places in a recording", () => {
  expect(format.duration(0)).toBe("0:00.0");
  expect(format.duration(62.34)).toBe("1:02.3");
  expect(format.duration(59.96)).toBe("1:00.0");
  expect(format.duration(3602.3)).toBe("1:00:02.3");
});

test("days are those of this place", () => {
  expect(format.day(new Date(2026, 0, 2, 23, 59, 59).getTime() / 1000)).toBe("2026-01-02");
});

test("lengths have a true minus and no minus zero", () => {
  expect(format.mm(-12.346)).toBe("\u221212.35 mm");
  expect(format.mm(-0.001)).toBe("0.00 mm");
  expect(format.fixed(3, 0)).toBe("3");
});

test("counts are grouped by thousands", () => {
  expect(format.count(1234567)).toBe("1\u2009234\u2009567");
  expect(format.count(999)).toBe("999");
});

test("what is not known is a dash, never NaN", () => {
  for (const form of Object.values(format)) {
    if (form === format.short) continue;
    for (const unknown of [null, undefined, NaN, Infinity]) expect(form(unknown as never)).toBe("\u2013");
  }
});
