// What is written over the scene: names that face whoever looks, a scale bar, and which way is up.

import { colour } from "../parts";
import type { Projection, Stage } from "./stage";
import { cross, type Vector } from "./matrix";

export interface Label {
  text: string;
  at: Vector;
  /** As in CSS; "" is that of text. */
  colour: string;
  /** Whether it is chosen. */
  strong?: boolean;
}

/** Colours of the page, read once for each theme. */
export interface Ink {
  text: string;
  muted: string;
  halo: string;
  axes: readonly [string, string, string];
}

export function ink(): Ink {
  return {
    text: colour("text"),
    muted: colour("muted"),
    halo: colour("background"),
    axes: [colour("bad"), colour("good"), colour("series-1")],
  };
}

const MARGIN = 14;
const LABEL_OFFSET = 10;

/** Write all anew. `letters` are the names of the axes' ends, such as R, L, A, P, S, I. */
export function write(
  stage: Stage,
  projection: Projection,
  labels: readonly Label[],
  letters: readonly string[],
  ink: Ink,
): void {
  const context = stage.letters.getContext("2d")!;
  context.setTransform(stage.ratio, 0, 0, stage.ratio, 0, 0);
  context.clearRect(0, 0, stage.width, stage.height);
  context.lineJoin = "round";
  writeLabels(context, projection, labels, stage, ink);
  writeScale(context, stage, ink);
  writeAxes(context, stage, letters, ink);
}

function writeLabels(
  context: CanvasRenderingContext2D,
  projection: Projection,
  labels: readonly Label[],
  { width, height }: Stage,
  ink: Ink,
): void {
  const taken: [number, number, number][] = [];
  context.textBaseline = "middle";
  context.textAlign = "left";
  for (const label of labels) {
    const [x, y, depth] = projection(...label.at);
    if (Math.abs(depth) > 1 || x < 0 || y < 0 || x > width || y > height) continue;
    context.font = `${label.strong ? 600 : 400} 12px system-ui, sans-serif`;
    const length = context.measureText(label.text).width;
    const left = Math.min(x + LABEL_OFFSET, width - length - 4);
    const row = free(taken, left, Math.max(y - LABEL_OFFSET, 8), length);
    taken.push([left, row, length]);
    written(context, label.text, left, row, label.colour || ink.text, ink);
  }
}

/** The height at which a label lies on no other one: 14 pixels lower until it is free. */
function free(taken: readonly (readonly number[])[], x: number, y: number, length: number): number {
  const isOver = ([left, row, width]: readonly number[]) =>
    Math.abs(row! - y) < 13 && x < left! + width! && left! < x + length;
  for (let tries = 0; tries < 8 && taken.some(isOver); tries++) y += 14;
  return y;
}

function written(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  colour: string,
  ink: Ink,
): void {
  context.lineWidth = 3;
  context.strokeStyle = ink.halo;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** The longest of 1, 2, 5, 10, ... mm that is at most this long. */
export function niceLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((digit) => digit * power <= most) ?? 1) * power;
}

function writeScale(context: CanvasRenderingContext2D, stage: Stage, ink: Ink): void {
  const perPixel = stage.viewpoint.height() / stage.height;
  const length = niceLength(perPixel * Math.min(160, stage.width / 3));
  const [right, y] = [stage.width - MARGIN, stage.height - MARGIN];
  const left = right - length / perPixel;
  context.beginPath();
  context.moveTo(left, y - 5);
  context.lineTo(left, y);
  context.lineTo(right, y);
  context.lineTo(right, y - 5);
  context.strokeStyle = ink.halo;
  context.lineWidth = 4;
  context.stroke();
  context.strokeStyle = ink.text;
  context.lineWidth = 1.5;
  context.stroke();
  context.font = "12px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "bottom";
  const text = length >= 1000 ? `${length / 1000} m` : `${length} mm`;
  written(context, text, (left + right) / 2, y - 4, ink.text, ink);
}

const AXES: readonly Vector[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

/** Arrows along x, y and z in the lower, left corner, the ends' names at them; far ones first. */
function writeAxes(
  context: CanvasRenderingContext2D,
  stage: Stage,
  letters: readonly string[],
  ink: Ink,
): void {
  const size = Math.min(34, stage.width / 10);
  const [x, y] = [MARGIN + size + 10, stage.height - MARGIN - size - 10];
  const [side, up] = stage.viewpoint.sides();
  const near = (v: Vector) => cross(side, up).reduce((sum, n, i) => sum + n * v[i]!, 0);
  const ends = AXES.flatMap((axis, i) => [
    { axis, letter: letters[2 * i]!, colour: ink.axes[i]!, strong: true },
    { axis: axis.map((n) => -n) as Vector, letter: letters[2 * i + 1]!, colour: ink.axes[i]!, strong: false },
  ]);
  ends.sort((a, b) => near(a.axis) - near(b.axis));
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { axis, letter, colour, strong } of ends) {
    const reach = [dot(axis, side) * size, -dot(axis, up) * size] as const;
    if (strong) line(context, x, y, x + reach[0] * 0.78, y + reach[1] * 0.78, colour);
    context.font = `${strong ? 700 : 400} 12px system-ui, sans-serif`;
    context.globalAlpha = near(axis) < -0.3 && !strong ? 0.55 : 1;
    written(context, letter, x + reach[0], y + reach[1], strong ? colour : ink.muted, ink);
    context.globalAlpha = 1;
  }
}

function line(
  context: CanvasRenderingContext2D,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  colour: string,
): void {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.stroke();
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
