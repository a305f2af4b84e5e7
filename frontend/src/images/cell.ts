// One place where pictures are shown: which stream, and how it is looked at. Kept while the panel is
// not on the screen.

import { type ReadonlySignal, computed, signal } from "@preact/signals";
import type { PictureHead, RowId } from "../api";
import {
  AS_SENT,
  type Axis,
  type Letters,
  type Orientation,
  flippedAcross,
  flippedDown,
  letters,
  spacing,
  usual,
} from "./geometry";
import { type PictureStream, openStream } from "./stream";
import { FIT, type Point, type Size, type Transform, type View, placed, unplaced } from "./viewport";

/** "auto" turns volumes the usual way by their matrix and shows flat pictures as they were sent. */
export type Turning = "auto" | "matrix" | "sent";

export class Cell {
  /** Which stream the user chose, by an offer's name; null leaves it to what comes. */
  readonly wanted = signal<string | null>(null);
  readonly axis = signal<Axis>("k");
  readonly turning = signal<Turning>("auto");
  readonly isFlippedAcross = signal(false);
  readonly isFlippedDown = signal(false);
  readonly view = signal<View>(FIT);
  /** Of the stage, in CSS pixels. */
  readonly size = signal<Size>({ width: 0, height: 0 });
  /** Where the pointer is on the stage; null when it is elsewhere. */
  readonly pointer = signal<Point | null>(null);
  /** What is shown here. */
  readonly stream = signal<PictureStream | null>(null);

  readonly shape: ReadonlySignal<PictureHead | null> = computed(
    () => this.stream.value?.shape.value ?? null,
  );

  readonly orientation = computed<Orientation>(() => {
    const head = this.shape.value;
    let orientation = head && this.#isTurned(head) ? usual(head.matrix) : AS_SENT;
    if (this.isFlippedAcross.value) orientation = flippedAcross(orientation);
    return this.isFlippedDown.value ? flippedDown(orientation) : orientation;
  });

  /** At the edges; none for flat pictures, unless they are turned by their matrix. */
  readonly letters = computed<Letters | null>(() => {
    const head = this.shape.value;
    if (!head || !(head.volume || this.turning.value === "matrix")) return null;
    return letters(head.matrix, this.orientation.value);
  });

  /** From pixels of the picture to the stage. */
  readonly transform = computed<Transform | null>(() => {
    const head = this.shape.value;
    if (!head || this.size.value.width === 0) return null;
    const pixel = spacing(head.matrix);
    return placed(this.size.value, head, pixel, this.orientation.value, this.view.value);
  });

  /** The pixel under the pointer. */
  readonly pixel = computed<{ column: number; row: number } | null>(() => {
    const [head, transform, pointer] = [this.shape.value, this.transform.value, this.pointer.value];
    if (!head || !transform || !pointer) return null;
    const { x, y } = unplaced(transform, pointer);
    const isInside = x >= 0 && y >= 0 && x < head.width && y < head.height;
    return isInside ? { column: Math.floor(x), row: Math.floor(y) } : null;
  });

  #coming: { stream: PictureStream; end: () => void } | null = null;

  /** Show a stream; one across another axis of the same volume as soon as it has a picture. */
  open(row: RowId, axis: Axis): void {
    this.#forgetComing();
    const stream = openStream(row, axis);
    if (this.stream.peek()?.row !== row || stream.picture) return this.#exchange(stream);
    this.#coming = { stream, end: stream.onPainted(() => this.#arrive()) };
  }

  /** Show nothing any more. */
  close(): void {
    this.#forgetComing();
    this.#exchange(null);
    this.pointer.value = null;
  }

  #arrive(): void {
    const coming = this.#coming;
    this.#coming = null;
    coming?.end();
    if (coming) this.#exchange(coming.stream);
  }

  #exchange(stream: PictureStream | null): void {
    const old = this.stream.peek();
    this.stream.value = stream;
    old?.release();
  }

  #forgetComing(): void {
    this.#coming?.end();
    this.#coming?.stream.release();
    this.#coming = null;
  }

  fit(): void {
    this.view.value = FIT;
  }

  /** As in the beginning: all of it, as sent or the usual way. */
  reset(): void {
    this.fit();
    this.isFlippedAcross.value = false;
    this.isFlippedDown.value = false;
  }

  /** Go so many slices on, within the volume. */
  slide(slices: number): void {
    const volume = this.shape.peek()?.volume;
    if (volume) this.toSlice((this.stream.peek()?.slice.peek() ?? volume.slice) + slices);
  }

  toSlice(slice: number): void {
    const count = this.sliceCount();
    const stream = this.stream.peek();
    if (!stream || stream.isFrozen.peek() || !count || Number.isNaN(slice)) return;
    stream.slice.value = Math.min(count - 1, Math.max(0, Math.round(slice)));
  }

  /** Of the volume across the axis that is shown; 0 for flat pictures. */
  sliceCount(): number {
    const volume = this.shape.value?.volume;
    return volume ? volume.size["ijk".indexOf(volume.axis)]! : 0;
  }

  #isTurned({ volume }: PictureHead): boolean {
    const turning = this.turning.value;
    return turning === "matrix" || (turning === "auto" && volume !== null);
  }
}
