// Which streams there are to show, and which of the cells shows which.

import { type ReadonlySignal, computed, signal } from "@preact/signals";
import type { Connection, Row } from "../api";
import { connections, rows } from "../store";
import { visible } from "../plots/lines";
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

function isPicture(row: Row): boolean {
  return row.type === "IMAGE" || row.type === "VIDEO";
}

/** All streams of pictures; type and endpoint are in the label where the device is not enough. */
export function offersOf(all: readonly Row[], known: readonly Connection[]): Offer[] {
  const pictures = all.filter(isPicture);
  const endpoints = new Map(known.map(({ id, endpoint }) => [id, endpoint]));
  const types = new Set(pictures.map(({ device, type }) => `${type} ${device}`));
  const alike = (row: Row) => types.has(`${row.type === "IMAGE" ? "VIDEO" : "IMAGE"} ${row.device}`);
  const first = new Map<string, number>();
  const elsewhere = new Set<string>();
  for (const { device, connection } of pictures) {
    if (!first.has(device)) first.set(device, connection);
    else if (first.get(device) !== connection) elsewhere.add(device);
  }
  return pictures.map((row) => {
    const endpoint = endpoints.get(row.connection) ?? String(row.connection);
    const parts = [visible(row.device) || `(${row.type} without a name)`];
    if (alike(row)) parts.push(row.type);
    if (elsewhere.has(row.device)) parts.push(endpoint);
    return { row, name: [endpoint, row.type, row.device].join("\n"), label: parts.join(", ") };
  });
}

/** What a cell shows. */
export interface Shown {
  offer: Offer;
  /** Whether it has flowed since it is shown here. */
  hasFlowed: boolean;
}

/** Pictures per second that make a stream; a volume that is sent again now and then is none. */
const FLOWING = 1;

/**
 * For each cell its stream: the one wanted; else the one it showed before; else one that flows, or
 * the first, that no cell wants or shows. What never flowed gives way to what does; what stopped stays.
 */
export function assigned(
  wanted: readonly (string | null)[],
  all: readonly Offer[],
  before: readonly (Shown | null)[],
): (Shown | null)[] {
  const byName = new Map(all.map((offer) => [offer.name, offer]));
  const known = wanted.map((name, n) => {
    const offer = byName.get(name ?? before[n]?.offer.name ?? "");
    const hadFlowed = before[n]?.offer.name === offer?.name && (before[n]?.hasFlowed ?? false);
    return offer ? { offer, hasFlowed: hadFlowed || flows(offer) } : null;
  });
  const used = new Set([...wanted, ...known.map((one) => one?.offer.name)]);
  const free = all.filter(({ name }) => !used.has(name));
  return known.map((one, n) => {
    if (wanted[n] !== null || one?.hasFlowed) return one;
    const next = drawn(free, flows) ?? (one ? undefined : free.shift());
    return next ? { offer: next, hasFlowed: flows(next) } : one;
  });
}

function flows({ row }: Offer): boolean {
  return row.rate >= FLOWING;
}

/** The first that is so, which is in the list no longer. */
function drawn(list: Offer[], isSo: (offer: Offer) => boolean): Offer | undefined {
  const at = list.findIndex(isSo);
  return at < 0 ? undefined : list.splice(at, 1)[0];
}

/** What `shown` said last. */
let last: readonly (Shown | null)[] = [];

export const shown: ReadonlySignal<(Offer | null)[]> = computed(() => {
  const some = cells.slice(0, cellCount.value);
  last = assigned(some.map(({ wanted }) => wanted.value), offers.value, last);
  return last.map((one) => one?.offer ?? null);
});
