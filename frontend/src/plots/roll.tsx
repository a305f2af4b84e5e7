// The list of the log: only lines in sight are in the document; it follows the newest until
// somebody scrolls up, and what is read stays where it is.

import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { LogLine } from "../api";
import { Button } from "../parts";
import { copied } from "../parts/files";
import { inSight, itemAt, scrolledTo, topsOf } from "../parts/window";
import { Line } from "./line";
import { plain } from "./lines";

/** CSS pixels of a line that is not wrapped; log.css has it too. */
const LINE = 24;
/** This near to the end is at the end. */
const END = 6;

interface RollParts {
  lines: readonly LogLine[];
  wrap: boolean;
}

/** What a list remembers between drawings. */
interface Place {
  follows: boolean;
  top: number;
  height: number;
  /** The line at the top edge, and how much of it is above. */
  anchor: { n: number; above: number } | null;
  /** The newest line when it stopped to follow. */
  seen: number;
  /** The line that is marked, by its number; it is shown in full. */
  current: number | null;
  copied: number | null;
  /** Heights of lines that are wrapped, by their numbers. */
  heights: Map<number, number>;
}

function newPlace(): Place {
  return { follows: true, top: 0, height: 0, anchor: null, seen: 0, current: null, copied: null, heights: new Map() };
}

export function Roll({ lines, wrap }: RollParts) {
  const place = useRef<Place>(null);
  const now = (place.current ??= newPlace());
  const host = useRef<HTMLDivElement>(null);
  const [, again] = useReducer((count: number) => count + 1, 0);
  const isFull = (n: number) => wrap || n === now.current;
  const tops = topsOf(lines.map(({ n }) => (isFull(n) ? (now.heights.get(n) ?? LINE) : LINE)));
  const top = now.follows ? Math.max(0, tops.at(-1)! - now.height) : now.top;
  const { first, last } = inSight(tops, top, top + now.height);

  useEffect(() => {
    const box = host.current!; // the observer may tell of its end, when there is none any more
    const resized = new ResizeObserver(() => {
      now.height = box.clientHeight;
      now.heights.clear();
      again(0);
    });
    resized.observe(box);
    return () => resized.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (measure(host.current!, now)) again(0);
    restore(host.current!, lines, tops, now);
  });

  const onScroll = () => {
    const box = host.current!;
    now.top = box.scrollTop;
    const follows = box.scrollHeight - box.scrollTop - box.clientHeight < END;
    if (now.follows && !follows) now.seen = lines.at(-1)!.n;
    now.follows = follows;
    const at = itemAt(tops, box.scrollTop);
    now.anchor = { n: lines[at]!.n, above: box.scrollTop - tops[at]! };
    again(0);
  };
  const mark = (n: number | null) => {
    now.current = n;
    again(0);
  };
  const copy = async (line: LogLine) => {
    now.copied = (await copied(plain(line))) ? line.n : null;
    again(0);
  };
  const follow = () => {
    now.follows = true;
    again(0);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const i = lines.findIndex(({ n }) => n === now.current);
    const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Escape") return mark(null);
    if (event.key === "End") return follow();
    if (event.key.toLowerCase() === "c" && i >= 0 && !event.altKey && !String(getSelection())) {
      event.preventDefault();
      event.stopPropagation();
      return void copy(lines[i]!);
    }
    if (!move) return;
    event.preventDefault();
    const end = lines.length - 1;
    const next = i >= 0 ? Math.min(Math.max(i + move, 0), end) : move < 0 ? end : itemAt(tops, top);
    mark(lines[next]!.n);
    const box = host.current!;
    box.scrollTop = scrolledTo(tops, next, box.scrollTop, box.clientHeight);
  };

  const fresh = now.follows ? 0 : lines.filter(({ n }) => n > now.seen).length;
  const current = lines.find(({ n }) => n === now.current);
  return (
    <div class="roll-frame">
      <div
        class="roll"
        ref={host}
        role="log"
        aria-label="Log"
        aria-live={now.follows ? "polite" : "off"}
        title="Up and down arrows mark a line, C copies it, End follows the newest"
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
      >
        <div class="roll-all" style={{ height: `${tops.at(-1)}px` }}>
          <div class="roll-sight" style={{ transform: `translateY(${tops[first]}px)` }}>
            {lines.slice(first, last).map((line) => (
              <Line
                key={line.n}
                line={line}
                isFull={isFull(line.n)}
                isCurrent={line.n === now.current}
                isCopied={line.n === now.copied}
                mark={() => mark(line.n)}
                copy={() => void copy(line)}
              />
            ))}
          </div>
        </div>
      </div>
      {!now.follows && (
        <div class="roll-newest">
          <Button label={newLines(fresh)} icon="down" kind={fresh ? "strong" : "plain"} onClick={follow} />
        </div>
      )}
      <div class="only-read-aloud" role="status">
        {current && (now.copied === current.n ? "Copied" : plain(current))}
      </div>
    </div>
  );
}

function newLines(count: number): string {
  return count ? `${count} new ${count === 1 ? "line" : "lines"}` : "Newest";
}

/** Learn the heights of the full lines that are in the document; returns whether one is new. */
function measure(host: HTMLElement, place: Place): boolean {
  let isNew = false;
  for (const element of host.querySelectorAll<HTMLElement>(".line.is-full")) {
    const n = Number(element.dataset.n);
    const height = element.offsetHeight;
    if (place.heights.get(n) === height) continue;
    place.heights.set(n, height);
    isNew = true;
  }
  return isNew;
}

/** Scroll to the end, or to where the line at the top edge is now. */
function restore(host: HTMLElement, lines: readonly LogLine[], tops: number[], place: Place): void {
  if (place.follows) {
    host.scrollTop = host.scrollHeight;
    return;
  }
  if (!place.anchor) return;
  const { n, above } = place.anchor;
  const i = lines.findIndex((line) => line.n >= n);
  const top = tops.at(i)! + (lines[i]?.n === n ? above : 0);
  if (Math.abs(host.scrollTop - top) > 1) host.scrollTop = top;
}
