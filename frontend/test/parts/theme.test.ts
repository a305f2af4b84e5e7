// Contrasts of the page's colours, computed as WCAG 2 says (relative luminance of sRGB).
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../../src/theme.css", import.meta.url), "utf8");

function colours(theme: "dark" | "light"): Map<string, string> {
  const block = css.slice(css.indexOf(`:root[data-theme="${theme}"]`));
  const inside = block.slice(block.indexOf("{"), block.indexOf("}"));
  return new Map([...inside.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((found) => [found[1]!, found[2]!]));
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const GROUNDS = ["background", "panel", "raised", "hover"];
const TEXTS = ["text", "muted", "accent", "good", "warn", "bad"];
const SERIES = Array.from({ length: 8 }, (_, index) => `series-${index + 1}`);

test("black on white is 21", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
});

test.each(["dark", "light"] as const)("texts of the %s theme can be read on all grounds: 4.5 and more", (theme) => {
  const known = colours(theme);
  expect(known.size).toBe(24);
  const pairs = [
    ...GROUNDS.flatMap((ground) => TEXTS.map((text) => [text, ground])),
    ...SERIES.flatMap((line) => ["background", "panel"].map((ground) => [line, ground])),
    ["on-accent", "accent"],
    ["accent", "accent-soft"],
    ["text", "accent-soft"],
    ["muted", "accent-soft"],
    ["good", "accent-soft"],
    ["warn", "accent-soft"],
    ["bad", "accent-soft"],
    ["text", "bad-soft"],
    ["bad", "bad-soft"],
    ["warn", "warn-soft"],
    ["muted", "warn-soft"],
    ["muted", "bad-soft"],
  ];
  const low = pairs
    .map(([one, other]) => [one, other, contrast(known.get(one!)!, known.get(other!)!)] as const)
    .filter(([, , ratio]) => !(ratio >= 4.5));
  expect(low).toEqual([]);
});

test.each(["dark", "light"] as const)("edges of controls of the %s theme are seen: 3 and more", (theme) => {
  const known = colours(theme);
  for (const ground of ["background", "panel"]) {
    expect(contrast(known.get("line-strong")!, known.get(ground)!)).toBeGreaterThanOrEqual(3);
  }
});
