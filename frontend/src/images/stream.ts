// The pictures of one row, shared by all panels that show them: they come once, are painted once
// for each animation frame, and the newest is the one that counts.
//
//     const stream = openStream(row);            // or openStream(row, "i") for another axis
//     const end = stream.onPainted((picture) => use(stream.raster.canvas, picture.head));
//     ...
//     end(); stream.release();

import { type Signal, effect, signal } from "@preact/signals";
import type { PictureHead, Row, RowId } from "../api";
import { painted } from "../meter";
import { hello, linkState, rows } from "../store";
import { type Axis, placing } from "./geometry";
import type { Levels } from "./levels";
import { type Look, lookOf, titleOf } from "./look";
import { Newest } from "./newest";
import { type Picture, Raster, closePicture } from "./painter";
import { Polling } from "./polling";
import { Video, decodesVideo } from "./video";
import { type Abilities, type Choice, type Feed, type Sink, type Way } from "./ways";
import { WAY_NAMES, chosenWay, startingWay, whyNot } from "./ways";

/** A stream that nobody shows is kept so long: whoever changes tabs finds it again. */
const LINGER_MS = 1000;

const streams = new Map<string, PictureStream>();

/** The pictures of a row; of a volume, its slices across an axis. To be released. */
export function openStream(row: RowId, axis: Axis = "k"): PictureStream {
  const title = titleOf(row);
  const key = `${row} ${axis} ${title}`;
  let stream = streams.get(key);
  if (!stream) {
    stream = new PictureStream(row, axis, lookOf(title), () => streams.delete(key));
    streams.set(key, stream);
  }
  stream.hold();
  return stream;
}

export class PictureStream {
  readonly raster = new Raster();
  /** The slice that is wanted, of all panels that show this axis; null is the middle one. */
  readonly slice: Signal<number | null>;
  /** Nothing new is drawn, and no bytes come. */
  readonly isFrozen = signal(false);
  /** Why nothing comes, or why it comes otherwise than chosen; "" when all is well. */
  readonly note = signal("");
  readonly warning = signal("");
  /** How pictures come; null before the first one. */
  readonly way = signal<Way>("raw");
  /** The head of the picture that is shown, told only when its size, type or volume changed. */
  readonly shape = signal<PictureHead | null>(null);
  /** What is shown: open until the next one is painted. */
  picture: Picture | null = null;

  readonly #place = new Newest(() => this.#schedule());
  readonly #listeners = new Set<(picture: Picture) => void>();
  readonly #ends: (() => void)[];
  /** What failed since the user chose, and why. */
  readonly #failed = new Map<Way, string>();
  #choice: Choice = "auto";
  #feed: Feed | null = null;
  #holders = 0;
  #isScheduled = false;
  /** Whether the first picture since the way was begun has come: that one may be old. */
  #isFlowing = false;
  #painted: Levels | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly row: RowId,
    readonly axis: Axis,
    /** Shared by the streams across all axes of the row. */
    readonly look: Look,
    private readonly ended: () => void,
  ) {
    this.slice = look.slices[axis];
    this.#ends = [
      effect(() => this.#choose()),
      effect(() => this.#go(this.way.value, this.isFrozen.value || linkState.value === "lost")),
      effect(() => this.#feed?.select({ axis, slice: this.slice.value })),
      effect(() => this.#hear(rows.value.get(row))),
      effect(() => this.#repaint(this.look.levels.value)),
    ];
  }

  hold(): void {
    this.#holders += 1;
    clearTimeout(this.#timer);
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#timer = setTimeout(() => this.#close(), LINGER_MS);
  }

  /** Be called after each painting, also of the same picture with other levels. */
  onPainted(listener: (picture: Picture) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #close(): void {
    this.ended();
    for (const end of this.#ends) end();
    this.#feed?.close();
    this.#place.discard();
    closePicture(this.picture);
    this.picture = null;
  }

  /** Choose the way anew: what comes, what the server can or what the user wants has changed. */
  #choose(): void {
    const shape = this.shape.value;
    const choice = this.look.choice.value;
    if (choice !== this.#choice) this.#failed.clear();
    this.#choice = choice;
    if (!shape) {
      this.way.value = startingWay(choice, this.#abilities());
      return;
    }
    const { way, why } = chosenWay(choice, shape, this.#abilities());
    const failure = [...this.#failed.values()].at(-1);
    this.warning.value = failure ? `${failure}: shown as ${WAY_NAMES[way]}` : why;
    this.way.value = way;
  }

  /** Why pictures cannot come this way; "" where they can. */
  whyNot(way: Way): string {
    const shape = this.shape.value;
    return shape ? whyNot(way, shape, this.#abilities(new Map())) : "";
  }

  #abilities(failed: ReadonlyMap<Way, string> = this.#failed): Abilities {
    const { near, h264, jpeg } = hello.value ?? { near: false, h264: false, jpeg: false };
    const isVideo = rows.peek().get(this.row)?.type === "VIDEO";
    return {
      near,
      serves: {
        sent: isVideo && !failed.has("sent"),
        h264: h264 && !failed.has("h264"),
        jpeg: jpeg && !failed.has("jpeg"),
      },
      decodes: decodesVideo(),
    };
  }

  /** Begin to get pictures this way, unless nobody is to ask: frozen, or no server to be asked. */
  #go(way: Way, isResting: boolean): void {
    this.#feed?.close();
    this.#feed = null;
    this.#place.discard();
    this.#isFlowing = false;
    this.note.value = "";
    if (isResting) return;
    const { row, axis } = this;
    const sink = this.#sink(way);
    const selection = { axis, slice: this.slice.peek() };
    if (way === "sent" || way === "h264") this.#feed = new Video(row, way, sink);
    else this.#feed = new Polling({ row, as: way, selection, sink });
  }

  #hear(known: Row | undefined): void {
    if (known) this.#feed?.hear(known);
  }

  #sink(way: Way): Sink {
    return {
      offer: (picture) => this.#place.offer(picture),
      empty: () => this.#place.empty(),
      note: (text) => (this.note.value = text),
      failed: (text) => {
        this.#failed.set(way, text);
        this.#choose();
      },
    };
  }

  #repaint(levels: Levels): void {
    if (this.picture && levels !== this.#painted) this.#schedule();
  }

  /** For the meter: once, also where several slices of a volume are shown. */
  #count({ seq, time }: PictureHead, skipped: number): void {
    if (seq > lastCounted(this.row)) {
      counted.set(this.row, seq);
      painted(this.row, this.#isFlowing ? time : null, skipped);
    }
    this.#isFlowing = true;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    requestAnimationFrame(() => {
      this.#isScheduled = false;
      this.#paint();
    });
  }

  #paint(): void {
    const next = this.#place.take();
    if (next) {
      closePicture(this.picture);
      this.picture = next.picture;
      this.look.meet(next.picture);
    }
    const levels = this.look.levels.peek();
    if (!this.picture || (!next && levels === this.#painted)) return;
    this.#painted = levels;
    try {
      this.raster.paint(this.picture, levels);
    } catch (error) {
      const { width, height } = this.picture.head;
      this.note.value = `a picture of ${width} × ${height} pixels cannot be drawn here (${error})`;
      return;
    }
    if (next) this.#tell(next.picture.head, next.skipped);
    for (const listener of this.#listeners) listener(this.picture);
  }

  #tell(head: PictureHead, skipped: number): void {
    this.#count(head, skipped);
    if (!isAlike(this.shape.peek(), head)) this.shape.value = head;
  }
}

/** The number of the picture of each row that was counted last. */
const counted = new Map<RowId, number>();
let countedOf = "";

function lastCounted(row: RowId): number {
  const server = hello.peek()?.server ?? "";
  if (server !== countedOf) counted.clear();
  countedOf = server;
  return counted.get(row) ?? 0;
}

/** Whether two pictures differ in nothing that is shown around them. */
function isAlike(a: PictureHead | null, b: PictureHead): boolean {
  return (
    a !== null &&
    a.width === b.width &&
    a.height === b.height &&
    a.components === b.components &&
    a.dtype === b.dtype &&
    a.device === b.device &&
    a.volume?.axis === b.volume?.axis &&
    a.volume?.slice === b.volume?.slice &&
    String(a.volume?.size) === String(b.volume?.size) &&
    placing(a.matrix) === placing(b.matrix)
  );
}
