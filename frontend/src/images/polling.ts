// Pictures by asking for one after the other. The next is asked for while one waits for the screen;
// where a newer one has come before that was drawn, only after the drawing. Nothing queues, neither
// here nor at the server.

import { type PictureHead, type Row, opened, typed } from "../api";
import { Asking, type AskingParts, NoAnswer } from "../asking";
import type { Picture } from "./painter";
import type { Feed, Selection, Sink } from "./ways";

export interface PollingParts extends Pick<AskingParts, "fetch" | "wait"> {
  row: number;
  as: "raw" | "jpeg";
  selection: Selection;
  sink: Sink;
}

export class Polling implements Feed {
  readonly #parts: PollingParts;
  readonly #asking: Asking;
  #selection: Selection;
  /** The selection of the question that is under way. */
  #asked: Selection;
  #after = 0;
  #isClosed = false;

  constructor(parts: PollingParts) {
    this.#parts = parts;
    this.#selection = this.#asked = parts.selection;
    this.#asking = new Asking({
      ...parts,
      question: () => this.#question(),
      take: (answer) => this.#take(answer),
      nothing: (note) => parts.sink.note(note),
      failed: (error) => this.#failed(error),
    });
  }

  /** Ask for another slice: at once, but for an answer that is on its way already. */
  select(selection: Selection): void {
    const { axis, slice } = this.#selection;
    if (selection.axis === axis && selection.slice === slice) return;
    this.#selection = selection;
    if (this.#after === 0) return;
    this.#after = 0;
    this.#asking.again();
  }

  hear(row: Row): void {
    this.#asking.hear(row);
  }

  close(): void {
    this.#isClosed = true;
    this.#asking.close();
  }

  #question(): [string, Record<string, string | number>] {
    const { row, as } = this.#parts;
    const { axis, slice } = (this.#asked = this.#selection);
    const parameters = { after: this.#after, as, axis };
    return [`/api/picture/${row}`, slice === null ? parameters : { ...parameters, slice }];
  }

  async #take(answer: ArrayBuffer): Promise<number | void> {
    const { head, payload } = opened<PictureHead>(answer);
    const picture = await pictureOf(head, payload);
    if (this.#isClosed) return void picture.source?.close();
    const { sink } = this.#parts;
    this.#after = this.#asked === this.#selection ? head.seq : 0;
    sink.note("");
    if (!sink.offer(picture)) await sink.empty();
    if (this.#after > 0) return head.seq;
  }

  #failed(error: unknown): void {
    const { sink } = this.#parts;
    const isOurs = error instanceof NoAnswer || error instanceof Undecodable;
    const text = isOurs ? error.message : `broken picture: ${error}`;
    this.#after = 0;
    const isFinal = error instanceof Undecodable || (error instanceof NoAnswer && error.status === 501);
    if (!isFinal) return sink.note(text);
    this.close();
    sink.failed(text);
  }
}

class Undecodable extends Error {}

async function pictureOf(head: PictureHead, payload: Uint8Array): Promise<Picture> {
  if (head.format === "raw") {
    return { head, values: typed(payload, head.dtype), source: null };
  }
  const file = new Blob([payload as Uint8Array<ArrayBuffer>], { type: "image/jpeg" });
  const source = await createImageBitmap(file).catch(() => {
    throw new Undecodable("this browser cannot decode the server's JPEG");
  });
  return { head, values: null, source };
}
