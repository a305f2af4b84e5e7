// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import type { LogLine } from "../../src/api";
import { Roll } from "../../src/plots/roll";

const Real = globalThis.ResizeObserver;
let tell: () => void = () => {};

afterEach(() => void (globalThis.ResizeObserver = Real));

test("an observer that tells of the list's end does no harm", async () => {
  globalThis.ResizeObserver = class {
    constructor(resized: () => void) {
      tell = resized;
    }
    observe() {}
    unobserve() {}
    disconnect() {}
  } as unknown as typeof ResizeObserver;
  const line: LogLine = { n: 1, time: 1, row: 1, type: "STRING", device: "Log", level: "info", text: "a" };
  const host = document.createElement("div");
  document.body.replaceChildren(host);
  await act(() => render(<Roll lines={[line]} wrap={false} />, host));
  await act(() => render(null, host));
  expect(() => tell()).not.toThrow();
});
