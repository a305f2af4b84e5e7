// Mouse, pen, fingers and keys move the viewpoint.
//   one finger or the left button   orbit        two fingers, wheel, pinch   zoom and pan
//   right or middle button, Shift   pan          arrow keys, +, -            the same by keys

import type { Viewpoint } from "./viewpoint";

const DEGREES_PER_WIDTH = 240;
const KEY_DEGREES = 5;
const KEY_PAN = 0.05;
const KEY_ZOOM = 1.15;

const CLICK_PIXELS = 5;

export interface Place {
  x: number;
  y: number;
}

export class Gestures {
  private readonly fingers = new Map<number, Place>();
  /** How far the pointer went since it was pressed; a click goes nowhere. */
  private travel = 0;
  private readonly ends = new AbortController();

  /**
   * @param moved is called after each change of the viewpoint.
   * @param hovered is told where the pointer rests; null when it does not.
   * @param clicked is told where it was pressed without moving.
   */
  constructor(
    private readonly host: HTMLElement,
    private readonly viewpoint: Viewpoint,
    private readonly moved: () => void,
    private readonly hovered: (place: Place | null) => void,
    private readonly clicked: (place: Place) => void,
  ) {
    const options = { signal: this.ends.signal };
    host.addEventListener("pointerdown", this.down, options);
    host.addEventListener("pointermove", this.move, options);
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      host.addEventListener(end, this.up, options);
    }
    host.addEventListener("pointerleave", () => this.hovered(null), options);
    host.addEventListener("contextmenu", (event) => event.preventDefault(), options);
    host.addEventListener("wheel", this.wheel, { ...options, passive: false });
    host.addEventListener("keydown", this.key, options);
  }

  dispose(): void {
    this.ends.abort();
  }

  private readonly down = (event: PointerEvent): void => {
    this.host.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.travel = this.fingers.size > 1 ? CLICK_PIXELS : 0;
    this.hovered(null);
  };

  private readonly up = (event: PointerEvent): void => {
    if (!this.fingers.delete(event.pointerId) || this.travel >= CLICK_PIXELS) return;
    if (event.type === "pointerup") this.clicked(this.inside({ x: event.clientX, y: event.clientY }));
  };

  private readonly move = (event: PointerEvent): void => {
    const before = this.fingers.get(event.pointerId);
    const now = { x: event.clientX, y: event.clientY };
    if (!before) return this.hovered(this.inside(now));
    this.travel += Math.hypot(now.x - before.x, now.y - before.y);
    if (this.fingers.size === 1) this.drag(before, now, event.buttons > 1 || event.shiftKey);
    else this.pinch(event.pointerId, before, now);
    this.fingers.set(event.pointerId, now);
    this.moved();
  };

  private drag(before: Place, now: Place, isPan: boolean): void {
    const { clientWidth, clientHeight } = this.host;
    const [dx, dy] = [now.x - before.x, before.y - now.y];
    if (isPan) return this.viewpoint.pan(dx / clientHeight, dy / clientHeight);
    const degrees = DEGREES_PER_WIDTH / Math.max(clientWidth, clientHeight);
    this.viewpoint.orbit(dx * degrees, dy * degrees);
  }

  /** What one of two fingers did: half of it moves the middle between them. */
  private pinch(id: number, before: Place, now: Place): void {
    const other = [...this.fingers].find(([one]) => one !== id)![1];
    const { clientHeight } = this.host;
    const apart = (place: Place) => Math.hypot(place.x - other.x, place.y - other.y) || 1;
    this.viewpoint.zoom(apart(now) / apart(before));
    this.viewpoint.pan((now.x - before.x) / 2 / clientHeight, (before.y - now.y) / 2 / clientHeight);
  }

  private readonly wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const unit = [1, 16, 400][event.deltaMode] ?? 1;
    this.viewpoint.zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * unit)) / 500));
    this.moved();
  };

  private readonly key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = (event.shiftKey ? PANS : TURNS)[event.key] ?? ZOOMS[event.key];
    if (!action) return;
    action(this.viewpoint);
    event.preventDefault();
    event.stopPropagation();
    this.moved();
  };

  private inside(place: Place): Place {
    const box = this.host.getBoundingClientRect();
    return { x: place.x - box.left, y: place.y - box.top };
  }
}

type Actions = Readonly<Record<string, (viewpoint: Viewpoint) => void>>;

const TURNS: Actions = {
  ArrowLeft: (viewpoint) => viewpoint.orbit(-KEY_DEGREES, 0),
  ArrowRight: (viewpoint) => viewpoint.orbit(KEY_DEGREES, 0),
  ArrowUp: (viewpoint) => viewpoint.orbit(0, KEY_DEGREES),
  ArrowDown: (viewpoint) => viewpoint.orbit(0, -KEY_DEGREES),
};

const PANS: Actions = {
  ArrowLeft: (viewpoint) => viewpoint.pan(-KEY_PAN, 0),
  ArrowRight: (viewpoint) => viewpoint.pan(KEY_PAN, 0),
  ArrowUp: (viewpoint) => viewpoint.pan(0, KEY_PAN),
  ArrowDown: (viewpoint) => viewpoint.pan(0, -KEY_PAN),
};

const ZOOMS: Actions = {
  "+": (viewpoint) => viewpoint.zoom(KEY_ZOOM),
  "=": (viewpoint) => viewpoint.zoom(KEY_ZOOM),
  "-": (viewpoint) => viewpoint.zoom(1 / KEY_ZOOM),
};
