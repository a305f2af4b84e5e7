// Pictures by asking for one after the other, one request at a time. The next is asked for while one
// waits for the screen; where a newer one has come before that was drawn, only after the drawing.
// Nothing queues, neither here nor at the server.

import { type PictureHead, address, opened, typed } from "../api";
import type { Picture } from "./painter";
import type { Feed, Selection, Sink } from "./ways";

export interface PollingParts {
  row: number;
  as: "raw" | "jpeg";
  selection: Selection;
  sink: Sink;
  /** Given for tests. */
  fetch?: (url: string, init: { signal: AbortSignal }) => Promise<Response>;
  /** Resolves after so many ms, or earlier when aborted. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const RETRY_MS = 1000;

export class Polling implements Feed {
  readonly #parts: Required<PollingParts>;
  #selection: Selection;
  #after = 0;
  #isClosed = false;
  #isChanged = false;
  #request = new AbortController();

  constructor(parts: PollingParts) {
    this.#parts = { fetch: (url, init) => fetch(url, init), wait, ...parts };
    this.#selection = parts.selection;
    void this.#run();
  }

  /** Ask for another slice: at once, but for an answer that is on its way already. */
  select(selection: Selection): void {
    const { axis, slice } = this.#selection;
    if (selection.axis === axis && selection.slice === slice) return;
    this.#selection = selection;
    this.#isChanged = true;
    if (this.#after > 0) this.#request.abort();
  }

  shown(): void {}

  close(): void {
    this.#isClosed = true;
    this.#request.abort();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#request = new AbortController();
      if (this.#isChanged) this.#after = 0;
      this.#isChanged = false;
      try {
        await this.#ask(this.#request.signal);
      } catch (error) {
        await this.#stumble(error);
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const reply = await this.#parts.fetch(this.#url(), { signal });
    if (reply.status === 204) return this.#nothing(reply, signal);
    if (reply.status !== 200) return this.#refused(reply, signal);
    const { head, payload } = opened<PictureHead>(await reply.arrayBuffer());
    const picture = await pictureOf(head, payload);
    if (this.#isClosed) return void picture.source?.close();
    const { sink } = this.#parts;
    this.#after = head.seq;
    sink.note("");
    if (!sink.offer(picture)) await sink.empty();
  }

  #url(): string {
    const { row, as } = this.#parts;
    const { axis, slice } = this.#selection;
    const parameters = { after: this.#after, as, axis };
    return address(`/api/picture/${row}`, slice === null ? parameters : { ...parameters, slice });
  }

  /** Nothing newer in the server's time for an answer. */
  async #nothing(reply: Response, signal: AbortSignal): Promise<void> {
    const note = reply.headers.get("X-Igtl-Note") ?? "";
    this.#parts.sink.note(note);
    await this.#parts.wait(note ? RETRY_MS : 0, signal);
  }

  async #refused(reply: Response, signal: AbortSignal): Promise<void> {
    const text = (await reply.text()).trim() || `the server answered ${reply.status}`;
    if (reply.status === 501) return this.#giveUp(text);
    this.#after = 0;
    this.#parts.sink.note(text);
    await this.#parts.wait(RETRY_MS, signal);
  }

  async #stumble(error: unknown): Promise<void> {
    if (this.#isClosed || this.#request.signal.aborted) return;
    if (error instanceof Undecodable) return this.#giveUp(error.message);
    this.#after = 0;
    const isAway = error instanceof TypeError;
    this.#parts.sink.note(isAway ? "no answer from igtl view: asking again" : `broken picture: ${error}`);
    await this.#parts.wait(RETRY_MS, this.#request.signal);
  }

  #giveUp(text: string): void {
    this.close();
    this.#parts.sink.failed(text);
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

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
