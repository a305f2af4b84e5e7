// @vitest-environment happy-dom
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Hello, Playback, RecordingState, Wish } from "../../src/api";
import { pressed } from "../../src/parts/keys";
import { Recordings } from "../../src/recordings/recordings";
import { hello, linkState, playback, recording, setWish } from "../../src/store";

const PLAYED: Playback = {
  kind: "playback",
  file: "session.mcap",
  position: 12.3,
  clock: 1_000_012.3,
  start: 0,
  end: 80,
  paused: false,
  speed: 1,
  loop: false,
  loops: 0,
  over: false,
};

const RECORDED: RecordingState = {
  kind: "recording",
  state: "on",
  path: "/data/igtl-20260102-030405.mcap",
  seconds: 62.3,
  bytes: 9_216_000,
  messages: 1234,
  dropped: 5,
  free: 75.9e9,
  text: "",
};

let wishes: Wish[];

beforeEach(async () => {
  wishes = [];
  setWish((wish) => wishes.push(wish));
  linkState.value = "open";
  playback.value = PLAYED;
  recording.value = null;
  addEventListener("keydown", pressed);
});

afterEach(() => {
  render(null, document.body);
  removeEventListener("keydown", pressed);
});

async function show(mode: Hello["mode"], canRecord = true): Promise<void> {
  hello.value = { mode, can_record: canRecord } as Hello;
  await act(() => render(<Recordings />, document.body));
}

function button(name: string): HTMLButtonElement {
  const all = [...document.querySelectorAll("button")];
  const found = all.find((one) => (one.getAttribute("aria-label") ?? one.textContent) === name);
  if (!found) throw new Error(`no button ${name} in ${document.body.innerHTML}`);
  return found;
}

const press = (key: string) =>
  act(() => void document.body.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey: key === "R", bubbles: true })));
const text = () => document.body.textContent;

test("beside the position stands when it was recorded", async () => {
  const began = new Date(2026, 10, 22, 20, 33, 55).getTime() / 1000;
  playback.value = { ...PLAYED, position: 12.5, clock: began + 12.5 };
  await show("file");
  expect(document.querySelector(".play-bar")!.textContent).toContain("2026-11-22 20:34:07");
});

test("the slider says where it is", async () => {
  await show("file");
  const slider = document.querySelector("[role=slider]")!;
  expect(slider.getAttribute("aria-valuetext")).toBe("0:12.3 of 1:20.0");
  await act(() => void (playback.value = { ...PLAYED, position: 70 }));
  expect(slider.getAttribute("aria-valuetext")).toBe("1:10.0 of 1:20.0");
});

test("arrows on the slider seek, and it shows at once where to", async () => {
  await show("file");
  const slider = document.querySelector("[role=slider]")!;
  await act(() => void slider.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true })));
  expect(wishes).toEqual([{ do: "seek", position: 80 }]);
  expect(slider.getAttribute("aria-valuetext")).toBe("1:20.0 of 1:20.0");
});

test("play and pause by button and by space", async () => {
  await show("file");
  button("Pause").click();
  await press(" ");
  await act(() => void (playback.value = { ...PLAYED, paused: true }));
  button("Play").click();
  expect(wishes.map((wish) => wish.do)).toEqual(["pause", "pause", "resume"]);
});

test("at the end, play begins anew", async () => {
  playback.value = { ...PLAYED, position: 80, over: true };
  await show("file");
  expect(text()).toContain("At the end");
  button("Play").click();
  expect(wishes).toEqual([{ do: "seek", position: 0 }, { do: "resume" }]);
});

test("speed and loop", async () => {
  await show("file");
  const select = document.querySelector("select")!;
  for (const value of ["0.25", "full"]) {
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  button("Loop").click();
  expect(wishes).toEqual([
    { do: "speed", speed: 0.25 },
    { do: "speed", speed: null },
    { do: "loop", loop: true },
  ]);
});

test("record by button and by Shift+R, not by one letter alone", async () => {
  await show("live");
  button("Record").click();
  await press("r");
  expect(wishes).toEqual([{ do: "record" }]);
  await press("R");
  expect(wishes).toEqual([{ do: "record" }, { do: "record" }]);
});

test("while it records: file, time, size, messages, drops, free disk, and stop", async () => {
  recording.value = RECORDED;
  await show("live");
  const name = "igtl-20260102-030405.mcap";
  for (const part of ["Recording", name, "1:02.3", "9.22 MB", "1\u2009234", "Dropped5", "75.9 GB"]) {
    expect(text()).toContain(part);
  }
  button("Stop").click();
  expect(wishes).toEqual([{ do: "stop_recording" }]);
});

test("a recording that failed says why, and another can be begun", async () => {
  recording.value = { ...RECORDED, state: "failed", text: "no space left on the disk" };
  await show("live");
  expect(document.querySelector("[role=alert]")!.textContent).toContain("no space left on the disk");
  button("Record").click();
  expect(wishes).toEqual([{ do: "record" }]);
});

test("where nothing can be recorded neither button nor key try", async () => {
  await show("live", false);
  expect(button("Record").disabled).toBe(true);
  await press("R");
  expect(wishes).toEqual([]);
});

test("without a connection nothing is offered", async () => {
  linkState.value = "lost";
  await show("file");
  expect(button("Pause").disabled).toBe(true);
});
