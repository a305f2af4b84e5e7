// The plots below each other, and the cursor over all of them.

import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { theme } from "../parts";
import { rows, tools } from "../store";
import { AXIS_WIDTH, Chart, RIGHT, TimeAxis, timeOfDay, type View } from "./chart";
import { history } from "./collection";
import { ink } from "./ink";
import type { Plot } from "./series";
import { cursor, cursorTime, drawn, edges, groups, hidden, length, sources, stopAt, stopped } from "./view";

/** No more than 10 times a second; once a second for those who want little motion. */
const REDRAW_MS = 100;
const CALM_REDRAW_MS = 1000;
/** Numbers that change more often cannot be read. */
const READ_MS = 240;
/** Each has so many CSS pixels at least: the stack is scrolled where that is too much. */
const LEAST_HEIGHT = 100;

/** Of each plot, whether it is drawn or not. */
const plotHeight = signal(LEAST_HEIGHT);

const calm = matchMedia("(prefers-reduced-motion: reduce)");

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

/** Keeps one chart for each plot, and draws them when something changed. */
class Drawing {
  private readonly charts = new Map<string, { chart: Chart; host: Element }>();
  private times: TimeAxis | null = null;
  private frame = 0;
  private last = 0;
  private read = 0;
  private seen = -1;

  constructor(
    private readonly host: HTMLElement,
    private readonly timesHost: HTMLElement,
  ) {}

  /** Returns what ends it. */
  start(): () => void {
    const timer = setInterval(() => this.look(), REDRAW_MS);
    const stopEffect = effect(() => {
      // Whatever people do shows with the next frame.
      [theme.value, groups.value, hidden.value, length.value, stopped.value];
      this.ask();
    });
    const resized = new ResizeObserver(() => this.ask());
    resized.observe(this.host);
    const onScroll = () => this.ask();
    this.host.addEventListener("scroll", onScroll);
    return () => {
      clearInterval(timer);
      stopEffect();
      resized.disconnect();
      this.host.removeEventListener("scroll", onScroll);
      cancelAnimationFrame(this.frame);
      for (const { chart } of this.charts.values()) chart.end();
      this.times?.end();
    };
  }

  private look(): void {
    if (history.changes === this.seen || document.hidden) return;
    if (calm.matches && performance.now() - this.last < CALM_REDRAW_MS) return;
    if (countTracks() !== sources.value) sources.value = countTracks();
    if (stopped.value === null) this.ask();
  }

  /** Draw with the next frame. */
  ask(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.host.clientWidth) this.draw();
    });
  }

  private draw(): void {
    const start = performance.now();
    this.last = start;
    this.seen = history.changes;
    const plots = groups.value.flatMap((group) => group.plots);
    const view = this.view(plots.length);
    plots.forEach((plot, i) => this.isInSight(i, view.height) && this.drawPlot(plot, view));
    (this.times ??= new TimeAxis(this.timesHost, view)).draw(view);
    for (const [id, { chart, host }] of this.charts) {
      if (host.isConnected && plots.some((plot) => plot.id === id)) continue;
      chart.end();
      this.charts.delete(id);
    }
    if (start - this.read >= READ_MS) {
      this.read = start;
      drawn.value += 1;
    }
    // For measurements: observers get it, nothing is kept.
    performance.measure("igtl plots", { start });
    performance.clearMeasures("igtl plots");
  }

  private isInSight(i: number, height: number): boolean {
    const { scrollTop, clientHeight } = this.host;
    return (i + 1) * height > scrollTop && i * height < scrollTop + clientHeight;
  }

  private drawPlot(plot: Plot, view: View): void {
    const host = this.host.querySelector(`[data-plot="${CSS.escape(plot.id)}"]`);
    if (!host) return;
    let known = this.charts.get(plot.id);
    if (known && known.host !== host) {
      known.chart.end();
      known = undefined;
    }
    if (!known) this.charts.set(plot.id, (known = { chart: new Chart(host as HTMLElement, plot, view), host }));
    known.chart.draw(plot, view);
  }

  private view(count: number): View {
    const [from, to] = edges();
    const { clientWidth: width, clientHeight } = this.host;
    const height = Math.max(LEAST_HEIGHT, Math.floor(clientHeight / count));
    plotHeight.value = height;
    const colors = new Map(groups.value.flatMap(({ sources }) => sources.map(({ id, color }) => [id, color])));
    return { from, to, width, height, hidden: hidden.value, ink: ink(colors) };
  }
}

function countTracks(): number {
  const channels = [...history.sensors.values()].reduce((sum, track) => sum + track.channels, 0);
  return history.tools.size + history.boards.size + channels + tools.value.size + rows.value.size;
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
