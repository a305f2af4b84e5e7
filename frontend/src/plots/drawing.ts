// The charts of the plots: which there are, and when they are drawn.

import { effect, signal } from "@preact/signals";
import { theme } from "../parts";
import { rows, tools } from "../store";
import { Chart, TimeAxis, type View } from "./chart";
import { history } from "./collection";
import { ink } from "./ink";
import type { Plot } from "./series";
import { drawn, edges, groups, hidden, length, sources, stopped } from "./view";

/** No more than 10 times a second; once a second for those who want little motion. */
const REDRAW_MS = 100;
const CALM_REDRAW_MS = 1000;
/** Numbers that change more often cannot be read. */
const READ_MS = 240;
/** Each has so many CSS pixels at least: the stack is scrolled where that is too much. */
const LEAST_HEIGHT = 100;

/** Of each plot, whether it is drawn or not. */
export const plotHeight = signal(LEAST_HEIGHT);

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Keeps one chart for each plot, and draws them when something changed. */
export class Drawing {
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
