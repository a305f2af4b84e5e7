// What of the history is looked at; it stays while other panels are shown.

import { computed, signal } from "@preact/signals";
import { connections, linkState, onJump, rows, serverNow, tools } from "../store";
import { history } from "./collection";
import { grouped, type Quantity } from "./series";

export const WINDOWS = [
  { value: "10", label: "10 s" },
  { value: "60", label: "1 min" },
  { value: "300", label: "5 min" },
  { value: "900", label: "15 min" },
] as const;

export const chosen = signal<ReadonlySet<Quantity>>(new Set(["position", "sensors", "rate"]));
/** Seconds from the left edge to the right. */
export const length = signal(60);
/** The time at the right edge while the plots stand still; null while they follow. */
export const stopped = signal<number | null>(null);
/** Ids of lines that are not drawn. */
export const hidden = signal<ReadonlySet<string>>(new Set());
/** Where the cursor stands between the edges, 0 to 1; null without one. */
export const cursor = signal<number | null>(null);
/** Counts up a few times a second while plots are drawn: numbers and times follow. */
export const drawn = signal(0);

/** Counts sources that have a track by now; they appear after `tools` and `rows` have them. */
export const sources = signal(0);

/** Changes with what there is, not with its numbers as `rows` does. */
const inventory = computed(() => {
  const ofRows = [...rows.value.values()].map(({ id, connection, type, device }) => [id, connection, type, device]);
  const ofTools = [...tools.value.values()].map(({ key, device, name, unit }) => [key, device, name, unit]);
  const endpoints = connections.value.map(({ id, endpoint }) => [id, endpoint]);
  return JSON.stringify([sources.value, ofRows, ofTools, endpoints]);
});

export const groups = computed(() => {
  inventory.value;
  const known = { history, tools: tools.peek(), rows: rows.peek(), connections: connections.peek() };
  return grouped(known, chosen.value);
});

/** The oldest time there is and the newest, in unix s; NaN before anything came. */
export function kept(): [number, number] {
  const [oldest, newest] = history.span();
  if (linkState.value !== "open") return [oldest, newest];
  return [oldest, Math.max(newest, Math.min(serverNow(), newest + 1))];
}

/** Times of both edges. */
export function edges(): [number, number] {
  const to = stopped.value ?? kept()[1];
  return [to - length.value, to];
}

/** Let the right edge stand at `time`; follow again where that is as good as now. */
export function stopAt(time: number): void {
  const [oldest, newest] = kept();
  const least = Math.min(oldest + length.value, newest);
  stopped.value = time >= newest - length.value / 200 ? null : Math.max(time, least);
}

export function stop(): void {
  stopped.value = kept()[1];
}

export function follow(): void {
  stopped.value = null;
}

onJump(follow);

/** Time under the cursor; null without one. */
export function cursorTime(): number | null {
  if (cursor.value === null) return null;
  const [from, to] = edges();
  return from + cursor.value * (to - from);
}

export function choose(quantity: Quantity): void {
  chosen.value = toggled(chosen.value, quantity);
}

export function toggle(id: string): void {
  hidden.value = toggled(hidden.value, id);
}

function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const changed = new Set(set);
  if (!changed.delete(one)) changed.add(one);
  return changed;
}
