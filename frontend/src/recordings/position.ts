// Positions in a recording: where a pointer or a key leads to.

import type { Playback } from "../api";

type Span = Pick<Playback, "start" | "end">;

/** From 0 to 1: how much of the recording is before a position. */
export function share({ start, end }: Span, position: number): number {
  return end > start ? clamp((position - start) / (end - start), 0, 1) : 0;
}

/** The position at a distance from a timeline's left edge, px. */
export function positionAt({ start, end }: Span, distance: number, width: number): number {
  return start + clamp(width > 0 ? distance / width : 0, 0, 1) * (end - start);
}

/** Where a key leads to; undefined for keys that do not move. */
export function positionAfter(span: Span, position: number, key: string): number | undefined {
  const { start, end } = span;
  const step = Math.min(1, (end - start) / 20);
  const page = Math.max(step, (end - start) / 10);
  const steps: Record<string, number> = {
    ArrowLeft: -step,
    ArrowDown: -step,
    ArrowRight: step,
    ArrowUp: step,
    PageDown: -page,
    PageUp: page,
    Home: -Infinity,
    End: Infinity,
  };
  const by = steps[key];
  return by === undefined ? undefined : clamp(position + by, start, end);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
