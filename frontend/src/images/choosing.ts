// Which streams there are to show, and which of the cells shows which.

import { type ReadonlySignal, computed, signal } from "@preact/signals";
import type { Connection, Row } from "../api";
import { connections, rows } from "../store";
import { Cell } from "./cell";

export type Count = 1 | 2 | 4;

/** A stream of pictures, as people choose it. */
export interface Offer {
  row: Row;
  /** The same after the server was started anew, when ids may have changed. */
  name: string;
  label: string;
}

export const cells: readonly Cell[] = Array.from({ length: 4 }, () => new Cell());
export const cellCount = signal<Count>(1);
/** Whose controls are shown. */
export const active = signal(0);

export const offers: ReadonlySignal<Offer[]> = computed(() =>
  offersOf([...rows.value.values()], connections.value),
);

/** Told only when the list itself changes, not at every count of messages. */
export const offerNames = computed(() =>
  offers.value.map(({ row, name, label }) => [row.id, name, label].join("\n")).join("\n\n"),
);

export function isPicture(row: Row): boolean {
  return row.type === "IMAGE" || row.type === "VIDEO";
}

/** All streams of pictures; type and endpoint are in the label where the device is not enough. */
export function offersOf(all: readonly Row[], known: readonly Connection[]): Offer[] {
  const pictures = all.filter(isPicture);
  const endpoints = new Map(known.map(({ id, endpoint }) => [id, endpoint]));
  return pictures.map((row) => {
    const alike = pictures.filter(({ device }) => device === row.device);
    const endpoint = endpoints.get(row.connection) ?? String(row.connection);
    const parts = [row.device || `(${row.type} without a name)`];
    if (alike.some((other) => other.type !== row.type)) parts.push(row.type);
    if (alike.some((other) => other.connection !== row.connection)) parts.push(endpoint);
    return { row, name: [endpoint, row.type, row.device].join("\n"), label: parts.join(", ") };
  });
}

/** For each cell its stream: the one wanted, else the first that no cell wants or shows. */
export function assigned(
  wanted: readonly (string | null)[],
  all: readonly Offer[],
): (Offer | null)[] {
  const free = all.filter(({ name }) => !wanted.includes(name));
  return wanted.map((name) =>
    name === null ? (free.shift() ?? null) : (all.find((offer) => offer.name === name) ?? null),
  );
}

export const shown: ReadonlySignal<(Offer | null)[]> = computed(() => {
  const some = cells.slice(0, cellCount.value);
  return assigned(some.map(({ wanted }) => wanted.value), offers.value);
});
