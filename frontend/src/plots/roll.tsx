// The list of the log: only lines in sight are in the document; it follows the newest until
// somebody scrolls up, and what is read stays where it is.

import { useEffect, useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { LogLine } from "../api";
import { Button, format, Icon } from "../parts";
import { copied } from "./copying";
import { pieces, plain, visible } from "./lines";
import { inSight } from "./rolling";

/** CSS pixels of a line that is not wrapped; log.css has it too. */
const LINE = 24;
/** Characters; no window is wider. */
const MOST_OF_A_LINE = 1000;
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
  const heights = lines.map(({ n }) => (wrap || n === now.current ? (now.heights.get(n) ?? LINE) : LINE));
  const top = now.follows ? Math.max(0, sum(heights, heights.length) - now.height) : now.top;
  const sight = inSight(heights, top, now.height);

  useEffect(() => {
    const resized = new ResizeObserver(() => {
      now.height = host.current!.clientHeight;
      now.heights.clear();
      again(0);
    });
    resized.observe(host.current!);
    return () => resized.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (measure(host.current!, now)) again(0);
    restore(host.current!, lines, heights, now);
  });

  const onScroll = () => {
    const box = host.current!;
    now.top = box.scrollTop;
    const follows = box.scrollHeight - box.scrollTop - box.clientHeight < END;
    if (now.follows && !follows) now.seen = lines.at(-1)!.n;
    now.follows = follows;
    now.anchor = anchorOf(lines, heights, box.scrollTop);
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
    const next = i < 0 ? (move < 0 ? lines.length - 1 : sight.first) : Math.min(Math.max(i + move, 0), lines.length - 1);
    mark(lines[next]!.n);
    reveal(host.current!, sum(heights, next), heights[next]!);
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
        <div class="roll-all" style={{ height: `${sight.all}px` }}>
          <div class="roll-sight" style={{ transform: `translateY(${sight.above}px)` }}>
            {lines.slice(sight.first, sight.end).map((line) => (
              <Line
                key={line.n}
                line={line}
                isFull={wrap || line.n === now.current}
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

interface LineParts {
  line: LogLine;
  isFull: boolean;
  isCurrent: boolean;
  isCopied: boolean;
  mark: () => void;
  copy: () => void;
}

const TONES = { info: "muted", warning: "is-warn", error: "is-bad" } as const;
const ICONS = { info: "info", warning: "bad", error: "bad" } as const;

function Line({ line, isFull, isCurrent, isCopied, mark, copy }: LineParts) {
  const { n, time, type, device, level, text } = line;
  const state = `${isFull ? "is-full" : ""} ${isCurrent ? "is-current" : ""}`;
  return (
    <div class={`line ${level} ${state}`} data-n={n} onClick={mark}>
      <span class="line-time mono">{format.clock(time)}</span>
      <span class={`line-level ${TONES[level]}`} title={level}>
        <Icon name={ICONS[level]} />
        <span class={level === "info" ? "only-read-aloud" : undefined}>{level}</span>
      </span>
      <span class="line-device cut" title={visible(device)}>
        {visible(device)}
      </span>
      <span class="line-type cut muted">{type}</span>
      <span class="line-text mono">
        <Text text={isFull ? text : text.slice(0, MOST_OF_A_LINE)} />
      </span>
      <button
        type="button"
        class="line-copy"
        tabIndex={-1}
        aria-label="Copy line"
        title="Copy line (C)"
        onClick={copy}
      >
        <Icon name={isCopied ? "check" : "copy"} />
      </button>
    </div>
  );
}

/** Text of a peer: as text, never as markup. */
function Text({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map(({ text, isSign }, i) => (isSign ? <span key={i} class="sign">{text}</span> : text))}
    </>
  );
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
function restore(host: HTMLElement, lines: readonly LogLine[], heights: number[], place: Place): void {
  if (place.follows) {
    host.scrollTop = host.scrollHeight;
    return;
  }
  if (!place.anchor) return;
  const { n, above } = place.anchor;
  const i = lines.findIndex((line) => line.n >= n);
  const top = sum(heights, i < 0 ? lines.length : i) + (lines[i]?.n === n ? above : 0);
  if (Math.abs(host.scrollTop - top) > 1) host.scrollTop = top;
}

function anchorOf(lines: readonly LogLine[], heights: number[], top: number): Place["anchor"] {
  let above = top;
  for (let i = 0; i < lines.length; i++) {
    if (above < heights[i]!) return { n: lines[i]!.n, above };
    above -= heights[i]!;
  }
  return null;
}

/** Scroll as little as needed to have a line in sight. */
function reveal(host: HTMLElement, top: number, height: number): void {
  if (top < host.scrollTop) host.scrollTop = top;
  else if (top + height > host.scrollTop + host.clientHeight) host.scrollTop = top + height - host.clientHeight;
}

function sum(heights: number[], count: number): number {
  let all = 0;
  for (let i = 0; i < count; i++) all += heights[i]!;
  return all;
}
