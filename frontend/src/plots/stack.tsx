// The plots below each other, and the cursor over all of them.

import { useEffect, useRef } from "preact/hooks";
import { AXIS_WIDTH, RIGHT, timeOfDay } from "./chart";
import { Drawing, plotHeight } from "./drawing";
import type { Plot } from "./series";
import { cursor, cursorTime, drawn, edges, groups, hidden, length, stopAt, stopped } from "./view";

export function Stack() {
  const host = useRef<HTMLDivElement>(null);
  const times = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing>(null);
  useEffect(() => {
    drawing.current = new Drawing(host.current!, times.current!);
    return drawing.current.start();
  }, []);
  useEffect(() => drawing.current?.ask());
  const plots = groups.value.flatMap((group) => group.plots);
  return (
    <div class="stack-frame">
      <div class="stack" ref={host} tabIndex={0} {...pointing} role="group" aria-label={NAME}>
        <div class="stack-inner">
          {plots.map((plot) => (
            <div class="plot" style={{ height: `${plotHeight.value}px` }} key={plot.id} data-plot={plot.id} role="img" aria-label={named(plot)} />
          ))}
          <Cursor />
        </div>
      </div>
      <div class="stack-times" ref={times} aria-hidden="true" />
    </div>
  );
}

const NAME = "Plots. Left and right arrows move the cursor, Escape takes it away; dragging looks back.";

function named(plot: Plot): string {
  const count = plot.lines.filter(({ id }) => !hidden.value.has(id)).length;
  return `${plot.title}${plot.unit && ` in ${plot.unit}`}, ${count} ${count === 1 ? "line" : "lines"}`;
}

function Cursor() {
  drawn.value;
  const time = cursorTime();
  if (time === null) return null;
  const left = `calc(${AXIS_WIDTH}px + ${cursor.value} * (100% - ${AXIS_WIDTH + RIGHT}px))`;
  return (
    <div class={`cursor ${cursor.value! > 0.8 ? "is-left" : ""}`} style={{ left }}>
      <span class="cursor-time number">{timeOfDay(time)}</span>
    </div>
  );
}

/** Where a pointer is between the edges, 0 to 1; null beside the plots. */
function placeOf(event: PointerEvent & { currentTarget: HTMLElement }): number | null {
  const box = event.currentTarget.firstElementChild!.getBoundingClientRect();
  const place = (event.clientX - box.left - AXIS_WIDTH) / (box.width - AXIS_WIDTH - RIGHT);
  return place >= 0 && place <= 1 ? place : null;
}

let drag: { x: number; to: number; width: number } | null = null;
/** CSS pixels that a pointer moves before it drags. */
const LEAST_DRAG = 4;

type At = PointerEvent & { currentTarget: HTMLDivElement };

const pointing = {
  onPointerDown(event: At) {
    if (event.button !== 0 || placeOf(event) === null) return;
    drag = { x: event.clientX, to: edges()[1], width: event.currentTarget.clientWidth - AXIS_WIDTH - RIGHT };
    event.currentTarget.setPointerCapture(event.pointerId);
  },
  onPointerMove(event: At) {
    cursor.value = placeOf(event);
    if (!drag) return;
    const moved = event.clientX - drag.x;
    if (stopped.value === null && Math.abs(moved) < LEAST_DRAG) return;
    stopAt(drag.to - (moved * length.value) / drag.width);
  },
  onPointerUp() {
    drag = null;
  },
  onPointerCancel() {
    drag = null;
  },
  onPointerLeave() {
    cursor.value = null;
  },
  onKeyDown(event: KeyboardEvent) {
    const now = cursor.value;
    const step = event.shiftKey ? 0.1 : 0.01;
    if (event.key === "ArrowLeft") cursor.value = Math.max(0, (now ?? 1) - step);
    else if (event.key === "ArrowRight") cursor.value = Math.min(1, (now ?? 0) + step);
    else if (event.key === "Escape") cursor.value = null;
    else return;
    event.preventDefault();
  },
};
