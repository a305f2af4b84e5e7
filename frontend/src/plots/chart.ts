// One plot: uPlot has the axes and the grid; the lines are drawn straight from the tracks, since each
// has times of its own, on a canvas above.

import "./language";
import uPlot from "uplot";
import { Columns } from "./columns";
import { digitsOf, type Range, steady } from "./scale";
import type { Line, Plot } from "./series";
import { type Pen, trace } from "./trace";

/** CSS pixels. All plots have axes of one width, so that their times stand below each other. */
export const AXIS_WIDTH = 76;
export const RIGHT = 10;
/** Half of a number of the axis at the left is below its mark. */
const BOTTOM = 7;
const TOP = 9;
const MARK_HEIGHT = 4;
const DOT = 3;
const LINE_WIDTH = 1.5;
const HALF_A_TIME = 16;
/** What is not seen as up and down. */
const FLAT = 0.7;
/** Corners of a column, in the mean, that make a line dense. */
const DENSE = 1.4;
/** At which times all plots have marks: seconds between them, CSS pixels at least. */
const TIME_MARKS = { incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300], space: 84 };

export interface Ink {
  text: string;
  grid: string;
  bad: string;
  font: string;
  line(id: string): { color: string; dash: number[] };
}

export interface View {
  from: number;
  to: number;
  width: number;
  height: number;
  hidden: ReadonlySet<string>;
  ink: Ink;
}

export class Chart {
  private readonly plot: uPlot;
  /** Of a canvas that covers the plot between its axes. */
  private readonly ctx: CanvasRenderingContext2D;
  private readonly columns = new Map<string, Columns>();
  private range: Range | null = null;
  private lines: Line[] = [];
  private view: View;
  private form: Plot;

  constructor(host: HTMLElement, form: Plot, view: View) {
    this.form = form;
    this.view = view;
    this.plot = new uPlot(this.options(), [[view.from, view.to], [null, null]], host);
    const canvas = document.createElement("canvas");
    this.plot.over.append(canvas);
    // Drawn by the processor: many short lines are slow on graphics cards, and on a machine without
    // one they would take it from the pictures and the 3-D scene.
    this.ctx = canvas.getContext("2d", { willReadFrequently: true })!;
  }

  /** Draw what the tracks have for the view. */
  draw(form: Plot, view: View): void {
    this.form = form;
    this.view = view;
    this.lines = form.lines.filter(({ id }) => !view.hidden.has(id));
    this.collect();
    const [min, max] = this.range!;
    this.plot.batch(() => {
      if (this.plot.width !== view.width || this.plot.height !== view.height) {
        this.plot.setSize({ width: view.width, height: view.height });
      }
      this.plot.setData([[view.from, view.to], [null, null]], false);
      this.plot.setScale("y", { min, max });
      this.plot.setScale("x", { min: view.from, max: view.to });
    });
    this.drawLines();
  }

  end(): void {
    this.plot.destroy();
  }

  /** Put the samples in sight together to columns, and find the range of the axis. */
  private collect(): void {
    const { from, to, width } = this.view;
    const pixels = Math.max(width - AXIS_WIDTH - RIGHT, 10);
    const step = (to - from) / pixels;
    // Columns keep their places in time from drawing to drawing: peaks do not flicker.
    const start = Math.floor(from / step) * step;
    let low = Infinity;
    let high = -Infinity;
    for (const line of this.lines) {
      const columns = this.columnsOf(line.id, pixels + 3);
      columns.begin(start, step);
      line.track.visit(line.channel, from, to, step, columns);
      low = Math.min(low, columns.lowest);
      high = Math.max(high, columns.highest);
    }
    const { scale, least, fromZero } = this.form;
    this.range = steady(low * scale, high * scale, { least, fromZero }, this.range);
  }

  private columnsOf(id: string, size: number): Columns {
    let columns = this.columns.get(id);
    if (columns?.size !== size) this.columns.set(id, (columns = new Columns(size)));
    return columns;
  }

  private options(): uPlot.Options {
    const { width, height } = this.view;
    const ink = () => this.view.ink;
    const grid = { stroke: () => ink().grid, width: 1 };
    const axis = { stroke: () => ink().text, font: ink().font, grid, ticks: { ...grid, size: 4 } };
    const noTimes = { size: BOTTOM, ticks: { show: false }, values: (_: uPlot, times: number[]) => times.map(() => "") };
    return {
      width,
      height,
      padding: [TOP, RIGHT, 0, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      series: [{}, { scale: "y", auto: false, paths: () => null, points: { show: false } }],
      axes: [
        { ...axis, ...TIME_MARKS, ...noTimes },
        {
          ...axis,
          gap: 4,
          space: 26,
          size: AXIS_WIDTH - 18,
          label: () => this.label(),
          labelSize: 18,
          labelGap: 2,
          labelFont: ink().font,
          values: (_plot, values, _axis, _space, step) => this.numbers(values, step),
        },
      ],
    };
  }

  private unit() {
    return this.form.axis(this.range?.[1] ?? 0, this.form.unit);
  }

  private label(): string {
    const { unit } = this.unit();
    return unit ? `${this.form.title} (${unit})` : this.form.title;
  }

  private numbers(values: number[], step: number): string[] {
    const { factor } = this.unit();
    const digits = digitsOf(step * factor);
    return values.map((value) => (value * factor).toFixed(digits).replace("-", "\u2212"));
  }

  private drawLines(): void {
    const { canvas } = this.ctx;
    const width = Math.round(this.plot.bbox.width);
    const height = Math.round(this.plot.bbox.height);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    this.ctx.clearRect(0, 0, width, height);
    this.ctx.lineJoin = "bevel";
    for (const { id } of this.lines) this.drawLine(this.columns.get(id)!, id);
  }

  private drawLine(columns: Columns, id: string): void {
    const { ctx } = this;
    const { color, dash } = this.view.ink.line(id);
    const line = new Path2D();
    const dots = new Path2D();
    const [min, max] = this.range!;
    const perPixel = (max - min) / this.form.scale / this.plot.bbox.height;
    const corners = trace(columns, FLAT * uPlot.pxRatio * perPixel, this.pen(line, dots));
    ctx.strokeStyle = ctx.fillStyle = color;
    // Dashes and width cost much, and are not seen, where the line goes up and down everywhere.
    const isDense = corners > DENSE * columns.size;
    ctx.lineWidth = (isDense ? 1 : LINE_WIDTH) * uPlot.pxRatio;
    ctx.setLineDash(isDense ? [] : dash.map((length) => length * uPlot.pxRatio));
    ctx.stroke(line);
    ctx.fill(dots);
    this.markInvalid(columns);
  }

  private pen(line: Path2D, dots: Path2D): Pen {
    const { width, height } = this.ctx.canvas;
    const { from, to } = this.view;
    const [min, max] = this.range!;
    const perSecond = width / (to - from);
    const perUnit = (height / (max - min)) * this.form.scale;
    const zero = height + (min * height) / (max - min);
    const x = (time: number) => (time - from) * perSecond;
    const y = (value: number) => zero - value * perUnit;
    const size = DOT * uPlot.pxRatio;
    return {
      move: (time, value) => line.moveTo(x(time), y(value)),
      line: (time, value) => line.lineTo(x(time), y(value)),
      dot: (time, value) => dots.rect(x(time) - size / 2, y(value) - size / 2, size, size),
    };
  }

  /** Marks at the bottom where the sender said that its values are not valid. */
  private markInvalid({ invalid, size }: Columns): void {
    const { ctx } = this;
    const height = MARK_HEIGHT * uPlot.pxRatio;
    const width = ctx.canvas.width / (size - 3);
    ctx.fillStyle = this.view.ink.bad;
    for (let i = 1; i < size - 1; i++) {
      if (invalid[i]) ctx.fillRect((i - 1) * width, ctx.canvas.height - height, width + 1, height);
    }
  }
}

/** The times below all plots. */
export class TimeAxis {
  /** CSS pixels. */
  static readonly HEIGHT = 22;
  private readonly plot: uPlot;

  constructor(
    host: HTMLElement,
    private view: View,
  ) {
    const ink = () => this.view.ink;
    const mark = { stroke: () => ink().grid, width: 1 };
    const axis = { stroke: () => ink().text, font: ink().font, ticks: { ...mark, size: 4 }, gap: 3 };
    // Half of a time is right of its mark: one that would be cut off is left out.
    const values = (_: uPlot, times: number[]) => {
      const { from, to, width } = this.view;
      const last = to - ((to - from) * HALF_A_TIME) / (width - AXIS_WIDTH - RIGHT);
      return times.map((time) => (time < last ? timeOfDay(time) : ""));
    };
    const options: uPlot.Options = {
      width: view.width,
      height: TimeAxis.HEIGHT,
      padding: [0, RIGHT, 0, AXIS_WIDTH],
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: false, auto: false } },
      series: [{}],
      axes: [{ ...axis, ...TIME_MARKS, values, size: TimeAxis.HEIGHT - 1, grid: { show: false } }],
    };
    this.plot = new uPlot(options, [[view.from, view.to]], host);
  }

  draw(view: View): void {
    this.view = view;
    const { width, from, to } = view;
    this.plot.batch(() => {
      if (this.plot.width !== width) this.plot.setSize({ width, height: TimeAxis.HEIGHT });
      this.plot.setData([[from, to]], false);
      this.plot.setScale("x", { min: from, max: to });
    });
  }

  end(): void {
    this.plot.destroy();
  }
}

/** "14:03:09" from unix s, by this machine's clock. */
export function timeOfDay(time: number): string {
  const date = new Date(Math.round(time * 1000));
  const two = (part: number) => String(part).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
