// The timeline: a slider that seeks while it is dragged, at most ten times a second.

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Playback } from "../api";
import { format } from "../parts";
import { wish } from "../store";
import { Pace } from "./pace";
import { positionAfter, positionAt, share } from "./position";

const SEEK_EVERY_MS = 100;
/** For so long after the last seek the player may still tell of a position of before. */
const SETTLE_MS = 400;

/** Where somebody put it; null while the player leads. */
const wanted = signal<number | null>(null);
const seeking = new Pace<number>((position) => wish({ do: "seek", position }), SEEK_EVERY_MS);
let settling: ReturnType<typeof setTimeout> | undefined;

function seek(position: number): void {
  clearTimeout(settling);
  wanted.value = position;
  seeking.ask(position);
}

function settle(): void {
  clearTimeout(settling);
  settling = setTimeout(() => (wanted.value = null), SETTLE_MS);
}

/** The position to show: that of a finger before that of the player. */
export function shownPosition(played: Playback): number {
  return wanted.value ?? played.position;
}

export function Timeline({ played }: { played: Playback }) {
  const isHeld = useRef(false);
  const position = shownPosition(played);
  const part = share(played, position);

  function point(event: PointerEvent): void {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    seek(positionAt(played, event.clientX - left, width));
  }

  function take(event: PointerEvent): void {
    if (event.button !== 0) return;
    isHeld.current = true;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    point(event);
  }

  function leave(): void {
    isHeld.current = false;
    settle();
  }

  function press(event: KeyboardEvent): void {
    const next = positionAfter(played, position, event.key);
    if (next === undefined) return;
    event.preventDefault();
    seek(next);
    settle();
  }

  return (
    <div
      class="timeline"
      role="slider"
      tabIndex={0}
      aria-label="Position in the recording"
      aria-valuemin={played.start}
      aria-valuemax={played.end}
      aria-valuenow={position}
      aria-valuetext={`${format.duration(position)} of ${format.duration(played.end)}`}
      onPointerDown={take}
      onPointerMove={(event) => isHeld.current && point(event)}
      onPointerUp={leave}
      onPointerCancel={leave}
      onKeyDown={press}
    >
      <div class="timeline-track">
        <div class="timeline-past" style={{ transform: `scaleX(${part})` }} />
      </div>
      <div class="timeline-thumb" style={{ left: `${part * 100}%` }} />
    </div>
  );
}
