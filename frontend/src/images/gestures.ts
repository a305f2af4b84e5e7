// Pointers, wheel and keys on a picture. What they do is listed in `GESTURES`, for people.

import type { Cell } from "./cell";
import { dragged } from "./levels";
import { type Point, moved, zoomed } from "./viewport";

export const GESTURES: readonly [string, string][] = [
  ["Wheel, ↑ ↓, Page keys", "slices of a volume"],
  ["Ctrl + wheel, pinch, + −", "zoom"],
  ["Drag, ← →", "move"],
  ["Right drag, Shift + drag, Shift + arrows", "window (across) and level (up, down)"],
  ["Double click, 0", "all as it was; F fits"],
  ["X, Y", "flip across, flip up and down"],
  ["P", "freeze"],
];

const ZOOM_STEP = 1.25;
const MOVE_PX = 40;
const LEVEL_PX = 15;
/** Of scrolling, for one slice: a notch of most mice is 100 or 120, trackpads send many small ones. */
const SLICE_PX = 50;

/** Let a cell be moved by what happens on its stage; returns what ends it. */
export function listen(stage: HTMLElement, cell: Cell): () => void {
  const ends = [new Pointers(stage, cell).end, onWheel(stage, cell), onKeys(stage, cell)];
  return () => ends.forEach((end) => end());
}

/** Change window and level by dragging so many CSS pixels. */
function changeLevels(cell: Cell, x: number, y: number): void {
  const stream = cell.stream.peek();
  if (!stream) return;
  const { look } = stream;
  look.chosen.value = dragged(look.levels.peek(), x, y);
}

/** As in the beginning: place, flips, window and level. */
function resetAll(cell: Cell): void {
  const stream = cell.stream.peek();
  cell.reset();
  if (stream) stream.look.reset(stream.picture);
}

class Pointers {
  readonly end: () => void;
  readonly #down = new Map<number, Point>();

  constructor(
    private readonly stage: HTMLElement,
    private readonly cell: Cell,
  ) {
    const listeners: [string, (event: PointerEvent) => void][] = [
      ["pointerdown", (event) => this.#press(event)],
      ["pointermove", (event) => this.#move(event)],
      ["pointerup", (event) => this.#release(event)],
      ["pointercancel", (event) => this.#release(event)],
      ["pointerleave", (event) => this.#leave(event)],
      ["dblclick", () => resetAll(cell)],
      ["contextmenu", (event) => event.preventDefault()],
    ];
    for (const [name, act] of listeners) stage.addEventListener(name, act as EventListener);
    this.end = () => {
      for (const [name, act] of listeners) stage.removeEventListener(name, act as EventListener);
    };
  }

  #press(event: PointerEvent): void {
    this.stage.setPointerCapture(event.pointerId);
    this.#down.set(event.pointerId, at(event, this.stage));
    this.cell.pointer.value = at(event, this.stage);
  }

  #move(event: PointerEvent): void {
    const { cell, stage } = this;
    const now = at(event, stage);
    const before = this.#down.get(event.pointerId);
    if (this.#down.size < 2) cell.pointer.value = now;
    if (!before) return;
    const by = { x: now.x - before.x, y: now.y - before.y };
    const other = [...this.#down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.#pinch(before, now, other);
    else if (event.buttons & 2 || event.shiftKey) changeLevels(cell, by.x, by.y);
    else cell.view.value = moved(cell.view.value, by, cell.size.value);
    this.#down.set(event.pointerId, now);
  }

  /** One finger moved and the other stood: zoom around the middle, and move with it. */
  #pinch(before: Point, now: Point, other: Point): void {
    const { cell } = this;
    const size = cell.size.value;
    const was = Math.hypot(before.x - other.x, before.y - other.y) || 1;
    const is = Math.hypot(now.x - other.x, now.y - other.y);
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    const by = { x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 };
    cell.view.value = zoomed(moved(cell.view.value, by, size), is / was, middle, size);
  }

  #release(event: PointerEvent): void {
    this.#down.delete(event.pointerId);
  }

  /** A finger that is lifted leaves too, but what it pointed at stays readable. */
  #leave(event: PointerEvent): void {
    if (event.pointerType === "mouse") this.cell.pointer.value = null;
  }
}

function at(event: MouseEvent, stage: HTMLElement): Point {
  const { left, top } = stage.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}

function onWheel(stage: HTMLElement, cell: Cell): () => void {
  let scrolled = 0;
  const act = (event: WheelEvent) => {
    if (event.ctrlKey) {
      event.preventDefault();
      const factor = Math.exp(-Math.max(-50, Math.min(50, event.deltaY)) / 200);
      cell.view.value = zoomed(cell.view.value, factor, at(event, stage), cell.size.value);
    } else if (cell.sliceCount()) {
      event.preventDefault();
      scrolled += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * SLICE_PX;
      const slices = Math.trunc(scrolled / SLICE_PX);
      scrolled -= slices * SLICE_PX;
      if (slices) cell.slide(Math.max(-3, Math.min(3, slices)));
    }
  };
  stage.addEventListener("wheel", act, { passive: false });
  return () => stage.removeEventListener("wheel", act);
}

function onKeys(stage: HTMLElement, cell: Cell): () => void {
  const act = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = event.shiftKey ? shiftedKey(event.key, cell) : undefined;
    const chosen = action ?? plainKey(event.key, cell);
    if (!chosen) return;
    event.preventDefault();
    event.stopPropagation();
    chosen();
  };
  stage.addEventListener("keydown", act);
  return () => stage.removeEventListener("keydown", act);
}

function shiftedKey(key: string, cell: Cell): (() => void) | undefined {
  const actions: Record<string, () => void> = {
    ArrowLeft: () => changeLevels(cell, -LEVEL_PX, 0),
    ArrowRight: () => changeLevels(cell, LEVEL_PX, 0),
    ArrowUp: () => changeLevels(cell, 0, -LEVEL_PX),
    ArrowDown: () => changeLevels(cell, 0, LEVEL_PX),
  };
  return actions[key];
}

function plainKey(key: string, cell: Cell): (() => void) | undefined {
  const isVolume = cell.sliceCount() > 0;
  const { width, height } = cell.size.peek();
  const middle = { x: width / 2, y: height / 2 };
  const zoom = (factor: number) => () =>
    (cell.view.value = zoomed(cell.view.value, factor, middle, { width, height }));
  const move = (x: number, y: number) => () =>
    (cell.view.value = moved(cell.view.value, { x, y }, { width, height }));
  const slide = (slices: number) => (isVolume ? () => cell.slide(slices) : undefined);
  const actions: Record<string, (() => void) | undefined> = {
    ArrowUp: slide(1) ?? move(0, MOVE_PX),
    ArrowDown: slide(-1) ?? move(0, -MOVE_PX),
    PageUp: slide(10),
    PageDown: slide(-10),
    Home: slide(-Infinity),
    End: slide(Infinity),
    ArrowLeft: move(MOVE_PX, 0),
    ArrowRight: move(-MOVE_PX, 0),
    "+": zoom(ZOOM_STEP),
    "=": zoom(ZOOM_STEP),
    "-": zoom(1 / ZOOM_STEP),
    "0": () => resetAll(cell),
    f: () => cell.fit(),
    x: () => (cell.isFlippedAcross.value = !cell.isFlippedAcross.value),
    y: () => (cell.isFlippedDown.value = !cell.isFlippedDown.value),
    p: () => freeze(cell),
  };
  return actions[key.length === 1 ? key.toLowerCase() : key];
}

export function freeze(cell: Cell): void {
  const stream = cell.stream.peek();
  if (stream) stream.isFrozen.value = !stream.isFrozen.value;
}
