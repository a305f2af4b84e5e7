// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, test } from "vitest";
import type { Connection, Hello, Row } from "../../src/api";
import { Nothing } from "../../src/frame/nothing";
import { linkState, take } from "../../src/store";

const REFUSED = "no OpenIGTLink server at localhost:18945: connection refused";

function board(states: Connection["state"][], rows: Row[] = []): void {
  const connections = states.map((state, id) => {
    return { id, state, text: state === "connected" ? state : REFUSED } as Connection;
  });
  take({ kind: "board", time: 1, complete: true, connections, rows });
}

function greet(mode: Hello["mode"]): void {
  take({ kind: "hello", server: "s", mode, title: "", clock: 1 } as Hello);
}

afterEach(() => render(null, document.body));

test("an empty panel says what keeps everything away, then what it waits for", async () => {
  greet("live");
  linkState.value = "connecting";
  await act(() => render(<Nothing icon="plot" title="Nothing yet" text="Send a pose." />, document.body));
  const said = () => document.body.textContent!;
  expect(said()).toContain("when igtl view answers");
  await act(() => void (linkState.value = "open"));
  await act(() => board(["waiting", "waiting"]));
  expect(said()).toContain(REFUSED);
  expect(said()).not.toContain("Send a pose.");
  await act(() => board(["waiting", "connected"]));
  expect(said()).toContain("Send a pose.");
  expect(said()).toContain("igtl demo --open");
  await act(() => board([]));
  expect(said()).toContain("Send a pose.");
  await act(() => greet("file"));
  expect(said()).toContain("Play the recording");
  expect(said()).not.toContain("igtl demo");
  await act(() => board([], [{ id: 0 } as Row]));
  expect(said()).toContain("Send a pose.");
});
