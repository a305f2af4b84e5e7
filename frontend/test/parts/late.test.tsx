// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test, vi } from "vitest";
import { late, Net } from "../../src/parts/late";

afterEach(() => {
  render(null, document.body);
  vi.restoreAllMocks();
});

const text = () => document.body.textContent;
const Drawn = () => <p>drawn</p>;

test("a panel is asked for when it is first shown, once", async () => {
  let asked = 0;
  const Panel = late("Space", async () => {
    asked += 1;
    return Drawn;
  });
  expect(asked).toBe(0);
  await act(async () => {
    render(<Panel />, document.body);
    render(null, document.body);
    render(<Panel />, document.body);
  });
  expect(text()).toBe("drawn");
  expect(asked).toBe(1);
});

test("while it comes, and if it does not come, that is said", async () => {
  let fail: (error: Error) => void = () => {};
  const Panel = late("Space", () => new Promise((_, reject) => (fail = reject)));
  await act(() => render(<Panel />, document.body));
  expect(text()).toContain("Loading");
  await act(async () => fail(new Error("not found")));
  const told = document.querySelector("[role=alert]")!.textContent;
  expect(told).toContain("Space could not be loaded");
  expect(told).toContain("Error: not found");
});

test("a panel that throws leaves the rest of the page, and can be shown again", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  let isBroken = true;
  function Fragile() {
    if (isBroken) throw new Error("no WebGL here");
    return <p>drawn</p>;
  }
  await act(() =>
    render(
      <>
        <p>beside</p>
        <Net name="Space">
          <Fragile />
        </Net>
      </>,
      document.body,
    ),
  );
  expect(text()).toContain("beside");
  expect(text()).toContain("Space has failed");
  expect(text()).toContain("no WebGL here");
  isBroken = false;
  await act(() => document.querySelector("button")!.click());
  expect(text()).toBe("besidedrawn");
});
