// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import type { Row } from "../../src/api";
import { LeftOut } from "../../src/space/notices";
import { take } from "../../src/store";

function board(...leftOut: string[]): void {
  const rows = leftOut.map((left_out, id) => ({ id, device: `NDI${id}`, type: "TDATA", left_out }) as Row);
  take({ kind: "board", time: 1, complete: true, connections: [], rows });
}

const texts = () => [...document.querySelectorAll("p")].map((one) => one.textContent);

afterEach(() => render(null, document.body));

test("what is left out of the scene is said, of many devices in one line", async () => {
  board("", "200 of 350 tools are shown");
  await act(() => render(<LeftOut />, document.body));
  expect(texts()).toEqual(["NDI1: 200 of 350 tools are shown."]);
  await act(() => board("a", "b", "c", "d", "e"));
  expect(texts()).toEqual(["NDI0: a.", "NDI1: b.", "NDI2: c.", "The same of 2 more: their details tell."]);
  await act(() => board(""));
  expect(texts()).toEqual([]);
});
