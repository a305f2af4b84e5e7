// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test } from "vitest";
import { addKey, pressed } from "../../src/parts/keys";

let ends: (() => void)[] = [];
let done: string[] = [];

beforeEach(() => {
  done = [];
  document.body.innerHTML = '<input id="entry"><button id="button"></button><div id="plain"></div>';
  addEventListener("keydown", pressed);
  for (const key of ["r", " ", "1", "Escape"]) ends.push(addKey(key, () => done.push(key)));
});

afterEach(() => {
  removeEventListener("keydown", pressed);
  for (const end of ends.splice(0)) end();
});

function press(id: string, key: string, more: KeyboardEventInit = {}): void {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  document.getElementById(id)!.dispatchEvent(event);
}

test("keys do what they are for, capitals too", () => {
  press("plain", "r");
  press("plain", "R");
  press("plain", "1");
  expect(done).toEqual(["r", "r", "1"]);
});

test("a letter with Shift may be another key", () => {
  ends.push(addKey("Shift+R", () => done.push("Shift+R")));
  press("plain", "r");
  press("plain", "R", { shiftKey: true });
  press("plain", "r", { shiftKey: true }); // with caps lock
  press("plain", "R");
  expect(done).toEqual(["r", "Shift+R", "Shift+R", "r"]);
});

test("what is typed is left alone; Escape is not typed", () => {
  press("entry", "r");
  press("entry", " ");
  expect(done).toEqual([]);
});

test("space on a button is the button's", () => {
  press("button", " ");
  expect(done).toEqual([]);
  press("plain", " ");
  expect(done).toEqual([" "]);
});

test("with Ctrl, Alt or Cmd they are the browser's", () => {
  press("plain", "r", { ctrlKey: true });
  press("plain", "r", { metaKey: true });
  press("plain", "1", { altKey: true });
  expect(done).toEqual([]);
});

test("the last who asked has the key, and gives it back", () => {
  const end = addKey("r", () => done.push("mine"));
  press("plain", "r");
  end();
  press("plain", "r");
  expect(done).toEqual(["mine", "r"]);
});
