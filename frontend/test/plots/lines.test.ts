import { expect, test } from "vitest";
import type { LogLine } from "../../src/api";
import { ALL, filtered, pieces, plain, valuesOf, visible } from "../../src/plots/lines";

function line(n: number, parts: Partial<LogLine> = {}): LogLine {
  return { n, time: 1_700_000_000, row: 1, type: "STRING", device: "Notes", level: "info", text: "hello", ...parts };
}

const LINES = [
  line(1, { text: "Port 18944 open" }),
  line(2, { type: "STATUS", device: "Tracker", level: "error", text: "Not ready" }),
  line(3, { type: "COMMAND", device: "Robot", level: "warning", text: "Port closed" }),
];

function numbers(filter: Partial<typeof ALL>): number[] {
  return filtered(LINES, { ...ALL, ...filter }).map(({ n }) => n);
}

test("all lines without a filter, the same list", () => {
  expect(filtered(LINES, ALL)).toBe(LINES);
});

test("all words, in any case, in text, device or type", () => {
  expect(numbers({ text: "port" })).toEqual([1, 3]);
  expect(numbers({ text: "closed PORT" })).toEqual([3]);
  expect(numbers({ text: "tracker" })).toEqual([2]);
  expect(numbers({ text: "status" })).toEqual([2]);
  expect(numbers({ text: "nothing" })).toEqual([]);
  expect(numbers({ text: "  " })).toEqual([1, 2, 3]);
});

test("regular expressions between slashes", () => {
  expect(numbers({ text: "/\\d{5}/" })).toEqual([1]);
  expect(numbers({ text: "/port/" })).toEqual([]);
  expect(numbers({ text: "/port/i" })).toEqual([1, 3]);
  expect(numbers({ text: "/^./g" })).toEqual([1, 2, 3]);
  expect(() => numbers({ text: "/(/" })).toThrow(SyntaxError);
  expect(numbers({ text: "/" })).toEqual([]);
});

test("type, device and level", () => {
  expect(numbers({ type: "STATUS" })).toEqual([2]);
  expect(numbers({ device: "Robot" })).toEqual([3]);
  expect(numbers({ level: "warning" })).toEqual([2, 3]);
  expect(numbers({ level: "error" })).toEqual([2]);
  expect(numbers({ level: "warning", device: "Notes" })).toEqual([]);
  expect(valuesOf(LINES, "device")).toEqual(["Notes", "Robot", "Tracker"]);
});

test("what cannot be seen gets a sign", () => {
  expect(visible("a\tb\nc\u001b[31m\0\u007f")).toBe("a\u21e5b\u21b5c\u27e8ESC\u27e9[31m\u27e8NUL\u27e9\u27e8U+007F\u27e9");
  expect(visible("\u202edlrow\u202c \u0085\u200b\ufeff")).not.toMatch(/[\u202e\u202c\u0085\u200b\ufeff]/);
  expect(visible("Größe 3 \u00b5m <b>&amp;</b>")).toBe("Größe 3 \u00b5m <b>&amp;</b>");
});

test("signs can be told from what was sent", () => {
  expect(pieces("a\nb\u21b5")).toEqual([
    { text: "a", isSign: false },
    { text: "\u21b5\n", isSign: true },
    { text: "b\u21b5", isSign: false },
  ]);
  expect(pieces("")).toEqual([]);
});

test("a line as plain text stays one line", () => {
  const text = plain(line(1, { level: "warning", text: "two\nlines" }));
  expect(text).toMatch(/^\d\d:\d\d:20\.000\tNotes\tSTRING\twarning\ttwo\u21b5lines$/);
});
