// What people chose for the list of devices, and what it shows because of that.

import { computed, signal } from "@preact/signals";
import { devicesOpen } from "../frame/layout";
import { connections, rows, selected } from "../store";
import { branches, placesByRate, visible, type Grouping, type Item, type Sorting } from "./tree";

export const grouping = signal<Grouping>("type");
export const sorting = signal<Sorting>("appearance");
export const filter = signal("");
const closed = signal<ReadonlySet<string>>(new Set());
const places = signal<ReadonlyMap<number, number>>(new Map());

/** The key of the item that has, or will get, the focus. */
export const active = signal("");

export const items = computed<Item[]>(() =>
  visible(connections.value, rows.value.values(), {
    grouping: grouping.value,
    sorting: sorting.value,
    filter: filter.value,
    closed: closed.value,
    places: places.value,
  }),
);

export function sortBy(next: Sorting): void {
  if (next === "rate") places.value = placesByRate(rows.value.values());
  sorting.value = next;
}

export function setOpen(key: string, open: boolean): void {
  const next = new Set(closed.value);
  if (open) next.delete(key);
  else next.add(key);
  closed.value = next;
}

export function closeGroups(): void {
  closed.value = new Set([...closed.value, ...branches(items.value)]);
}

export function openAll(): void {
  closed.value = new Set();
}

/** The key of an item that the tree should scroll to, and give the focus. */
export const revealed = signal("");

export function reveal(connection: number): void {
  filter.value = "";
  revealed.value = `connection ${connection}`;
}

/** What a click or Enter does. */
export function choose(item: Item): void {
  active.value = item.key;
  if (item.kind !== "row") return setOpen(item.key, !item.open);
  selected.value = selected.value === item.row.id ? null : item.row.id;
  if (innerWidth < 740) devicesOpen.value = false;
}
