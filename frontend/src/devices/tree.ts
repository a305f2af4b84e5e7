// What the list of devices shows, from top to bottom: connections, in them groups of rows of the
// same type or device, in those rows. A group of one is shown as its row alone.

import type { Connection, Row, RowId, RowState } from "../api";

export type Grouping = "type" | "device" | "none";
export type Sorting = "appearance" | "name" | "rate" | "trouble";

export interface ConnectionItem {
  kind: "connection";
  key: string;
  level: 1;
  open: boolean;
  connection: Connection;
  /** Rows in it, those included that the filter hides. */
  count: number;
}

export interface GroupItem {
  kind: "group";
  key: string;
  level: 2;
  open: boolean;
  label: string;
  count: number;
  rate: number;
  worst: RowState;
}

export interface RowItem {
  kind: "row";
  key: string;
  level: 2 | 3;
  row: Row;
}

export type Item = ConnectionItem | GroupItem | RowItem;

export interface View {
  grouping: Grouping;
  sorting: Sorting;
  filter: string;
  /** Keys of connections and groups that are closed. */
  closed: ReadonlySet<string>;
  /** Places by rate when that order was asked for: rates change, rows should not jump. */
  places: ReadonlyMap<RowId, number>;
}

const SEVERITY: Record<RowState, number> = { bad: 0, silent: 1, stale: 2, once: 3, live: 4 };
const byLanguage = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export function visible(
  connections: readonly Connection[],
  rows: Iterable<Row>,
  view: View,
): Item[] {
  const words = view.filter.toLowerCase().split(/\s+/).filter(Boolean);
  const ofConnection = groupBy(rows, (row) => row.connection);
  const items: Item[] = [];
  for (const connection of connections) {
    const all = ofConnection.get(connection.id) ?? [];
    const found = all.filter((row) => matches(row, connection.endpoint, words));
    if (words.length && !found.length) continue;
    const key = `connection ${connection.id}`;
    const open = isOpen(key, view, words);
    items.push({ kind: "connection", key, level: 1, open, connection, count: all.length });
    if (open) items.push(...grouped(key, found, view, words));
  }
  return items;
}

function isOpen(key: string, view: View, words: readonly string[]): boolean {
  return words.length > 0 || !view.closed.has(key);
}

function matches(row: Row, endpoint: string, words: readonly string[]): boolean {
  if (!words.length) return true;
  const text = `${row.device} ${row.type} ${row.state} ${endpoint}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function grouped(parent: string, rows: Row[], view: View, words: readonly string[]): Item[] {
  const sorted = rows.sort(order(view));
  if (view.grouping === "none") return sorted.map((row) => item(row, 2));
  const by = view.grouping;
  const items: Item[] = [];
  const groups = [...groupBy(sorted, (row) => row[by])];
  if (view.sorting === "name") groups.sort(([one], [other]) => byLanguage.compare(one, other));
  for (const [label, members] of groups) {
    if (members.length === 1) items.push(item(members[0]!, 2));
    else items.push(...group(`${parent} ${by} ${label}`, label, members, view, words));
  }
  return items;
}

function group(
  key: string,
  label: string,
  members: readonly Row[],
  view: View,
  words: readonly string[],
): Item[] {
  const open = isOpen(key, view, words);
  const head: GroupItem = {
    kind: "group",
    key,
    level: 2,
    open,
    label: label || "(without name)",
    count: members.length,
    rate: members.reduce((sum, row) => sum + row.rate, 0),
    worst: members.reduce(worse).state,
  };
  return open ? [head, ...members.map((row) => item(row, 3))] : [head];
}

function worse(one: Row, other: Row): Row {
  return SEVERITY[other.state] < SEVERITY[one.state] ? other : one;
}

function item(row: Row, level: 2 | 3): RowItem {
  return { kind: "row", key: `row ${row.id}`, level, row };
}

/** Rows that are alike in what they are sorted by stay in order of appearance. */
function order({ sorting, places }: View): (one: Row, other: Row) => number {
  const place = (row: Row) => places.get(row.id) ?? Number.MAX_SAFE_INTEGER;
  return (one, other) => {
    let by = 0;
    if (sorting === "name") by = byName(one, other);
    else if (sorting === "rate") by = place(one) - place(other);
    else if (sorting === "trouble") by = SEVERITY[one.state] - SEVERITY[other.state];
    return by || one.id - other.id;
  };
}

function byName(one: Row, other: Row): number {
  return byLanguage.compare(one.device, other.device) || byLanguage.compare(one.type, other.type);
}

/** Groups in the order in which the first of each comes. */
function groupBy<Key>(rows: Iterable<Row>, key: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const members = groups.get(key(row));
    if (members) members.push(row);
    else groups.set(key(row), [row]);
  }
  return groups;
}

/** Places by rate as it is now, the fastest first. */
export function placesByRate(rows: Iterable<Row>): Map<RowId, number> {
  const sorted = [...rows].sort((one, other) => other.rate - one.rate || one.id - other.id);
  return new Map(sorted.map((row, place) => [row.id, place]));
}

/** The groups there are, for closing all of them at once. */
export function branches(items: readonly Item[]): string[] {
  return items.filter((one) => one.kind === "group").map((one) => one.key);
}

/** For each item, its place among those of the same parent and their number; from 1 on. */
export function placesAmongSiblings(items: readonly Item[]): { place: number; of: number }[] {
  const found = items.map(() => ({ place: 0, of: 0 }));
  const open: number[][] = [[], [], [], []];
  const finish = (level: number) => {
    for (const at of open[level]!) found[at]!.of = open[level]!.length;
    open[level] = [];
  };
  items.forEach(({ level }, at) => {
    for (let below = level + 1; below < open.length; below++) finish(below);
    found[at]!.place = open[level]!.push(at);
  });
  for (let level = 1; level < open.length; level++) finish(level);
  return found;
}

/** Which item a key leads to from `at`; undefined where the key does not move. */
export function moved(items: readonly Item[], at: number, key: string): number | undefined {
  const last = items.length - 1;
  const now = items[at];
  if (key === "ArrowDown") return Math.min(at + 1, last);
  if (key === "ArrowUp") return Math.max(at - 1, 0);
  if (key === "PageDown") return Math.min(at + 10, last);
  if (key === "PageUp") return Math.max(at - 10, 0);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "ArrowRight" && now && now.kind !== "row" && now.open) return Math.min(at + 1, last);
  if (key === "ArrowLeft" && now && (now.kind === "row" || !now.open)) return parent(items, at);
  return undefined;
}

function parent(items: readonly Item[], at: number): number {
  const level = items[at]!.level;
  for (let above = at - 1; above >= 0; above--) if (items[above]!.level < level) return above;
  return at;
}
