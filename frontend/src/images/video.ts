// Pictures as H.264 by WebSocket, decoded by the browser (WebCodecs). The server sends on as it is
// told what was shown, so that nothing queues here. All have to be decoded, as each builds on the one
// before: so on a page that is seen, decoded counts as shown, and a late animation frame leaves out
// a picture, not all until the next key frame. On one that is not seen, drawn counts: never.

import { type PictureHead, opened, socketAddress } from "../api";
import type { Feed, Sink } from "./ways";

const RETRY_MS = 1000;
const KEY_FRAME = "waiting for a key frame";

/** Whether this browser can; secure contexts only (https, localhost). */
export function decodesH264(): boolean {
  return "VideoDecoder" in globalThis;
}

export class Video implements Feed {
  readonly #heads = new Map<number, PictureHead>();
  #socket: WebSocket | null = null;
  #decoder: VideoDecoder | null = null;
  #codec = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(
    private readonly row: number,
    private readonly sink: Sink,
  ) {
    this.#open();
  }

  select(): void {}

  hear(): void {}

  shown(seq: number): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify({ shown: seq }));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#stopDecoding();
  }

  #open(): void {
    const socket = new WebSocket(socketAddress(`/api/video/${this.row}`));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.sink.note(KEY_FRAME);
    socket.onmessage = ({ data }) => this.#receive(data as ArrayBuffer);
    socket.onclose = () => this.#lost();
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#stopDecoding();
    this.sink.note("the video's connection ended: opening it again");
    this.#timer = setTimeout(() => this.#open(), RETRY_MS);
  }

  #receive(data: ArrayBuffer): void {
    if (this.#isClosed) return;
    try {
      const { head, payload } = opened<PictureHead>(data);
      this.#decode(head, payload);
    } catch (error) {
      this.#broken(error);
    }
  }

  #decode(head: PictureHead, payload: Uint8Array): void {
    const isNew = head.key && (!this.#decoder || head.codec !== this.#codec);
    if (isNew) this.#configure(head.codec ?? "");
    if (!this.#decoder) return this.shown(head.seq);
    this.#heads.set(head.seq, head);
    this.#decoder.decode(
      new EncodedVideoChunk({
        type: head.key ? "key" : "delta",
        timestamp: head.seq,
        data: payload as Uint8Array<ArrayBuffer>,
      }),
    );
  }

  #configure(codec: string): void {
    this.#stopDecoding();
    this.#codec = codec;
    const decoder = new VideoDecoder({
      output: (frame) => this.#take(frame),
      error: (error) => decoder === this.#decoder && this.#broken(error),
    });
    decoder.configure({ codec, optimizeForLatency: true });
    this.#decoder = decoder;
  }

  #take(frame: VideoFrame): void {
    const head = this.#heads.get(frame.timestamp);
    for (const seq of this.#heads.keys()) if (seq <= frame.timestamp) this.#heads.delete(seq);
    if (!head) return frame.close();
    this.#failures = 0;
    this.sink.note("");
    this.sink.offer({ head, values: null, source: frame });
    if (document.visibilityState === "visible") this.shown(head.seq);
  }

  #failures = 0;

  /** Once more with a new connection, which begins with a key frame; then never again. */
  #broken(error: unknown): void {
    this.#failures += 1;
    this.#stopDecoding();
    if (this.#failures > 1) {
      this.close();
      const text = error instanceof Error ? error.message : String(error);
      return this.sink.failed(`H.264 could not be decoded (${text})`);
    }
    if (this.#socket) this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket?.close();
    this.#open();
  }

  #stopDecoding(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    this.#heads.clear();
    if (decoder && decoder.state !== "closed") decoder.close();
  }
}
