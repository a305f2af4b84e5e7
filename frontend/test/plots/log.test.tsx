// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import type { LogLine } from "../../src/api";
import { Log } from "../../src/plots/log";
import { log } from "../../src/store";

function line(n: number, text: string, parts: Partial<LogLine> = {}): LogLine {
  return { n, time: 1_700_000_000 + n, row: 1, type: "STRING", device: "Notes", level: "info", text, ...parts };
}

async function shown(lines: LogLine[]): Promise<HTMLElement> {
  const host = document.createElement("div");
  document.body.replaceChildren(host);
  await act(() => {
    log.value = lines;
    render(<Log />, host);
  });
  return host;
}

async function typed(host: HTMLElement, text: string): Promise<void> {
  const entry = host.querySelector<HTMLInputElement>("input[type=search]")!;
  await act(() => {
    entry.value = text;
    entry.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

afterEach(async () => {
  const entry = document.querySelector<HTMLInputElement>("input[type=search]");
  if (entry) await typed(document.body, "");
});

test("what peers send is text, never markup", async () => {
  const host = await shown([line(1, '<img src=x onerror="alert(1)"><b>bold</b>', { device: "<i>device</i>" })]);
  const list = host.querySelector("[role=log]")!;
  expect(list.textContent).toContain('<img src=x onerror="alert(1)"><b>bold</b>');
  expect(list.querySelector("img, b, i")).toBeNull();
});

test("time, device, type, level and text of a line", async () => {
  const host = await shown([line(1, "not ready", { type: "STATUS", device: "Tracker", level: "error" })]);
  const text = host.querySelector(".line")!.textContent;
  for (const part of [":21.000", "Tracker", "STATUS", "error", "not ready"]) expect(text).toContain(part);
});

test("the filter leaves lines out, and says so", async () => {
  const host = await shown([line(1, "port 18944"), line(2, "other")]);
  await typed(host, "/\\d{5}/");
  expect([...host.querySelectorAll(".line-text")].map((one) => one.textContent!.trim())).toEqual(["port 18944"]);
  expect(host.querySelector(".log-count")!.textContent).toBe("1 of 2");
  await typed(host, "nowhere");
  expect(host.textContent).toContain("No line passes the filter");
  await typed(host, "/(/");
  expect(host.textContent).toContain("The expression is not valid");
});

test("of many lines only few are in the document", async () => {
  const host = await shown(Array.from({ length: 2000 }, (_, i) => line(i + 1, `line ${i + 1}`)));
  const drawn = host.querySelectorAll(".line");
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.length).toBeLessThan(100);
  expect(host.textContent).toContain("line 2000");
});

test("without lines it says what will be here", async () => {
  const host = await shown([]);
  expect(host.querySelector("[role=status]")!.textContent).toContain("No lines yet");
});
