// One cell: a picture on its stage, the slices of a volume, and the lines of facts below.

import { signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { PictureHead, RowId } from "../api";
import { delay, meterOf, rate } from "../meter";
import { format } from "../parts";
import { hello } from "../store";
import type { Cell } from "./cell";
import { type Axis, planes, position, voxel } from "./geometry";
import { valuesAt } from "./painter";
import { Stage } from "./stage";
import type { PictureStream } from "./stream";
import { WAY_NAMES } from "./ways";

interface PictureParts {
  cell: Cell;
  row: RowId;
  label: string;
}

export function Picture({ cell, row, label }: PictureParts) {
  const axis = cell.axis.value;
  useEffect(() => cell.open(row, axis), [cell, row, axis]);
  useEffect(() => () => cell.close(), [cell]);
  return (
    <div class="picture-cell">
      <Stage cell={cell} label={label} />
      <Slices cell={cell} />
      <div class="facts">
        <Readout cell={cell} />
        <Facts cell={cell} />
      </div>
    </div>
  );
}

function Slices({ cell }: { cell: Cell }) {
  const head = cell.shape.value;
  const stream = cell.stream.value;
  if (!head?.volume || !stream) return null;
  const { axis, slice } = head.volume;
  const last = cell.sliceCount() - 1;
  const isFrozen = stream.isFrozen.value;
  const wanted = isFrozen ? slice : (stream.slice.value ?? slice);
  const to = (event: Event) => cell.toSlice(Number((event.currentTarget as HTMLInputElement).value));
  return (
    <div class="slices">
      <Axes cell={cell} head={head} across={axis} />
      <input
        type="range"
        aria-label="Slice"
        min={0}
        max={last}
        value={wanted}
        disabled={isFrozen}
        onInput={to}
      />
      <label class="labelled number">
        <input
          class="entry slice-entry"
          type="number"
          aria-label="Slice number"
          min={0}
          max={last}
          value={wanted}
          disabled={isFrozen}
          onChange={to}
        />
        / {last}
      </label>
    </div>
  );
}

function Axes({ cell, head, across }: { cell: Cell; head: PictureHead; across: Axis }) {
  const names = planes(head.matrix, across);
  return (
    <div class="segments" role="group" aria-label="Slices across">
      {(["k", "j", "i"] as const).map((axis) => (
        <button
          key={axis}
          type="button"
          class="button"
          aria-pressed={cell.axis.value === axis}
          title={`Slices across axis ${axis} of the volume`}
          onClick={() => (cell.axis.value = axis)}
        >
          {names[axis] === "oblique" ? `Across ${axis}` : capital(names[axis])}
        </button>
      ))}
    </div>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Called with every painting of what the cell shows. */
function usePainted(cell: Cell, painted: (stream: PictureStream) => void): void {
  useSignalEffect(() => {
    const stream = cell.stream.value;
    return stream?.onPainted(() => painted(stream));
  });
}

function Readout({ cell }: { cell: Cell }) {
  const paintings = useSignal(0);
  usePainted(cell, () => {
    if (cell.pointer.peek()) paintings.value += 1;
  });
  const text = useComputed(() => {
    paintings.value;
    return readout(cell);
  });
  return (
    <span class="pixel-readout number" role="status" aria-live="off" data-testid="readout">
      {text}
    </span>
  );
}

const NOWHERE = "Point at a pixel to read it";

/** Voxel, values and place of the pixel under the pointer. */
function readout(cell: Cell): string {
  const picture = cell.stream.value?.picture;
  const pixel = cell.pixel.value;
  if (!picture || !pixel) return NOWHERE;
  const { head } = picture;
  const { column, row } = pixel;
  if (column >= head.width || row >= head.height) return NOWHERE;
  const [i, j, k] = voxel(head, column, row);
  const [r, a, s] = position(head.matrix, column, row).map((mm) => format.fixed(mm));
  const place = `R ${r} A ${a} S ${s} mm`;
  const values = valueText(valuesAt(picture, column, row), picture.values === null);
  return `i ${i} j ${j} k ${k} · ${values} · ${place}`;
}

/** "43", "~43" for what came compressed, "200 100 50" for colours. */
function valueText(values: number[], isAbout: boolean): string {
  const shown = values.map((value) =>
    Number.isInteger(value) ? String(value).replace("-", "\u2212") : format.fixed(value, 4),
  );
  return (isAbout ? "~" : "") + shown.join(" ");
}

const ticks = signal(0);
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Rendered again twice a second: more often nobody reads. */
function useTicks(): void {
  ticks.value;
  useEffect(() => {
    if (watchers++ === 0) timer = setInterval(() => (ticks.value += 1), 500);
    return () => {
      if (--watchers === 0) clearInterval(timer);
    };
  }, []);
}

function Facts({ cell }: { cell: Cell }) {
  useTicks();
  const stream = cell.stream.value;
  const head = cell.shape.value;
  if (!stream || !head) return <span class="picture-facts" />;
  const skipped = meterOf(stream.row).skipped;
  return (
    <span class="picture-facts number">
      <span title="Pictures shown per second, and the time from a picture's header to the screen">
        {speed(stream)}
      </span>
      <span title={`Components: ${head.components}`}>
        {sizeText(head)} {head.dtype}
      </span>
      <span title={stream.warning.value || "How pictures come"}>{WAY_NAMES[stream.way.value]}</span>
      <span title="Pictures left out because newer ones were there already">
        {format.count(skipped)} skipped
      </span>
    </span>
  );
}

function speed({ row, isFrozen }: PictureStream): string {
  const perSecond = rate(row);
  if (isFrozen.value || perSecond === 0) return "still";
  const fps = `${perSecond.toFixed(perSecond < 9.95 ? 1 : 0)} fps`;
  const seconds = hello.value?.mode === "file" ? null : delay(row);
  return seconds === null ? fps : `${fps}, ${format.delay(seconds)}`;
}

function sizeText({ width, height, volume, components }: PictureHead): string {
  const size = volume ? volume.size.join(" × ") : `${width} × ${height}`;
  return components === 1 ? size : `${size} ${components === 3 ? "RGB" : "RGBA"}`;
}
