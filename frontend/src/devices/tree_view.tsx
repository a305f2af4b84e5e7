// The tree itself: only the items in sight are in the document, and those keep their elements while
// their numbers change. One item can be reached by Tab, the arrow keys lead to the others.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Row } from "../api";
import { format, Icon } from "../parts";
import { inSight, scrolledTo, topsOf } from "../parts/window";
import { ageOf, boardTime, selected } from "../store";
import { active, choose, grouping, items, revealed, setOpen } from "./list";
import { CONNECTION_STATES, ROW_STATES } from "./states";
import {
  moved,
  placesAmongSiblings,
  type ConnectionItem,
  type GroupItem,
  type Item,
  type RowItem,
} from "./tree";

const ROW_PX = 44;
/** Fingers need 40; theme.css asks the same. */
const GROUP_PX = globalThis.matchMedia?.("(pointer: coarse), (max-width: 900px)").matches ? 40 : 34;
const CONNECTION_PX = 50;
/** With three lines of what is wrong. */
const TROUBLED_PX = 92;

const scroll = signal(0);
const room = signal(800);

function heightOf(item: Item): number {
  if (item.kind === "row") return ROW_PX;
  if (item.kind === "group") return GROUP_PX;
  return item.connection.state === "waiting" ? TROUBLED_PX : CONNECTION_PX;
}

export function Tree() {
  const box = useRef<HTMLDivElement>(null);
  const byKey = useRef(false);
  const all = items.value;
  const tops = topsOf(all.map(heightOf));
  const { first, last } = inSight(tops, scroll.value, scroll.value + room.value);
  const at = Math.max(0, all.findIndex((item) => item.key === active.value));

  useMeasured(box);
  useEffect(() => {
    if (byKey.current) box.current?.querySelector<HTMLElement>("[tabindex='0']")?.focus();
    byKey.current = false;
  }, [active.value]);
  useEffect(() => {
    const wanted = all.findIndex((item) => item.key === revealed.value);
    if (wanted >= 0) goTo(wanted);
    revealed.value = "";
  }, [revealed.value]);

  function goTo(next: number): void {
    byKey.current = all[next]!.key !== active.peek();
    active.value = all[next]!.key;
    const element = box.current!;
    element.scrollTop = scrolledTo(tops, next, element.scrollTop, element.clientHeight);
  }

  function press(event: KeyboardEvent): void {
    // The focus may have moved since this was drawn.
    const now = Math.max(0, all.findIndex((item) => item.key === active.peek()));
    const item = all[now];
    if (!item) return;
    const next = moved(all, now, event.key);
    if (next !== undefined) goTo(next);
    else if (!act(item, event.key)) return;
    event.preventDefault();
  }

  // The item that Tab leads to is there wherever it is scrolled to.
  const shown = all.slice(first, last).map((item, index) => ({ item, place: first + index }));
  if (all[at] && at < first) shown.unshift({ item: all[at], place: at });
  if (all[at] && at >= last) shown.push({ item: all[at], place: at });
  const among = placesAmongSiblings(all);
  return (
    <div
      class="tree"
      ref={box}
      role="tree"
      aria-label="Connections and devices"
      onKeyDown={press}
      onScroll={(event) => (scroll.value = event.currentTarget.scrollTop)}
    >
      <div class="tree-inside" style={{ height: `${tops.at(-1)}px` }}>
        {shown.map(({ item, place }) => (
          <div
            key={item.key}
            class={`tree-item level-${item.level} of-${item.kind}`}
            role="treeitem"
            aria-level={item.level}
            aria-posinset={among[place]!.place}
            aria-setsize={among[place]!.of}
            aria-expanded={item.kind === "row" ? undefined : item.open}
            aria-selected={item.kind === "row" && item.row.id === selected.value}
            aria-label={spoken(item)}
            tabIndex={place === at ? 0 : -1}
            style={{ top: `${tops[place]}px`, height: `${heightOf(item)}px` }}
            onClick={() => choose(item)}
            onFocus={() => (active.value = item.key)}
          >
            <Inside item={item} />
          </div>
        ))}
      </div>
    </div>
  );
}

function useMeasured(box: { current: HTMLDivElement | null }): void {
  useLayoutEffect(() => {
    const element = box.current!;
    element.scrollTop = scroll.peek();
    const observer = new ResizeObserver(() => (room.value = element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
}

/** What keys do that do not move; false where there is nothing. */
function act(item: Item, key: string): boolean {
  if (key === "Enter" || key === " ") choose(item);
  else if (item.kind !== "row" && key === "ArrowRight") setOpen(item.key, true);
  else if (item.kind !== "row" && key === "ArrowLeft") setOpen(item.key, false);
  else return false;
  return true;
}

function spoken(item: Item): string {
  if (item.kind === "connection") return `${item.connection.endpoint}: ${item.connection.text}`;
  if (item.kind === "group") return `${item.label}, ${item.count} rows`;
  const { device, type, state } = item.row;
  return `${device || "(without name)"}, ${type}, ${ROW_STATES[state].word}`;
}

function Inside({ item }: { item: Item }) {
  if (item.kind === "connection") return <ConnectionLine item={item} />;
  if (item.kind === "group") return <GroupLine item={item} />;
  return <RowLine item={item} />;
}

function ConnectionLine({ item }: { item: ConnectionItem }) {
  const { connection, open } = item;
  const look = CONNECTION_STATES[connection.state];
  return (
    <>
      <Icon name={open ? "down" : "right"} class="twisty" />
      <div class="tree-lines">
        <div class="tree-line">
          <Icon name={look.icon} class={`is-${look.tone}`} />
          <strong class="cut" title={connection.endpoint}>
            {connection.endpoint}
          </strong>
          <span class="tree-rate number">{format.perSecond(connection.rate)}</span>
        </div>
        <p
          class={`connection-text ${connection.state === "waiting" ? "is-warn" : "muted"}`}
          title={connection.text}
        >
          {connection.text || look.word}
        </p>
      </div>
    </>
  );
}

function GroupLine({ item }: { item: GroupItem }) {
  const look = ROW_STATES[item.worst];
  const isTroubled = look.tone === "warn" || look.tone === "bad";
  return (
    <>
      <Icon name={item.open ? "down" : "right"} class="twisty" />
      <span class="cut group-label">{item.label}</span>
      <span class="badge number">{item.count}</span>
      {isTroubled && (
        <span class={`group-state is-${look.tone}`} title={`Worst in this group: ${look.meaning}`}>
          <Icon name={look.icon} />
          {look.word}
        </span>
      )}
      <span class="tree-rate number muted">{format.perSecond(item.rate)}</span>
    </>
  );
}

function RowLine({ item }: { item: RowItem }) {
  const { row } = item;
  const look = ROW_STATES[row.state];
  return (
    <>
      <Icon name={look.icon} class={`is-${look.tone}`} />
      <div class="tree-lines">
        <div class="tree-line">
          <Name item={item} />
          <span class="tree-rate number">{format.perSecond(row.rate)}</span>
        </div>
        <Numbers row={row} />
      </div>
    </>
  );
}

/** In a group, what the group is called is not said again. */
function Name({ item }: { item: RowItem }) {
  const { device, type } = item.row;
  const isOfDevice = item.level === 3 && grouping.value === "device";
  const isOfType = item.level === 3 && grouping.value === "type";
  const name = device || "(without name)";
  return (
    <>
      <span class="cut device-name" title={`${name}, ${type}`}>
        {isOfDevice ? type : name}
      </span>
      {!isOfDevice && !isOfType && <span class="muted device-type">{type}</span>}
    </>
  );
}

/** Columns of fixed width, so that nothing moves while numbers change. */
function Numbers({ row }: { row: Row }) {
  void boardTime.value; // rows that sent nothing are not new, but older
  const look = ROW_STATES[row.state];
  const isOdd = row.state !== "live";
  return (
    <div class="device-numbers number">
      {isOdd ? (
        <span class={`device-state is-${look.tone}`} title={row.note || look.meaning}>
          {look.word}
        </span>
      ) : (
        <span>{format.bandwidth(row.bandwidth)}</span>
      )}
      <span>{format.delay(row.latency)}</span>
      <span>{format.age(ageOf(row.id))}</span>
      <span class={row.drops ? "is-warn" : undefined}>{format.count(row.drops)}</span>
    </div>
  );
}
