// The tree itself: only the items in sight are in the document, and those keep their elements while
// their numbers change. One item can be reached by Tab, the arrow keys lead to the others.

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { inSight, scrolledTo, topsOf } from "../parts/window";
import { selected } from "../store";
import { active, choose, items, revealed, setOpen } from "./list";
import { moved, placesAmongSiblings, type Item } from "./tree";
import { Inside, spoken } from "./tree_item";

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
