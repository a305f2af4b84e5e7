// Pictures by WebSocket, decoded by the browser (WebCodecs): frames of VIDEO as they were sent, or
// what the server makes of pictures, H.264. The server sends on as it is told what was shown, so that
// nothing queues here. All have to be decoded, as each builds on others: so decoded counts as shown,
// and a late animation frame leaves out a picture, not all until the next key frame. While the page
// is not seen there is no connection.

import { type PictureHead, opened, socketAddress } from "../api";
import { Copier } from "./copier";
import type { Feed, Sink } from "./ways";

const RETRY_MS = 1000;
const KEY_FRAME = "waiting for a key frame";
/** WebSocket's code for what the server cannot do. */
const CANNOT = 1011;
/** Frames whose decoder gave no picture of them are remembered so long. */
const MOST_HEADS = 64;

/** What a device may send, and an example of each that asks little of a browser. */
const CODECS = { avc1: "avc1.42E01E", vp09: "vp09.00.10.08", av01: "av01.0.00M.08" };

/** What to take for granted where a stream says nothing of its colours, as igtl's own decoder does:
 * BT.601 of 16 to 235, and grey as it is. */
const COLOURS = { matrix: "smpte170m", primaries: "bt709", transfer: "iec61966-2-1" } as const;

/** Whether this browser can; secure contexts only (https, localhost). */
export function decodesVideo(): boolean {
  return "VideoDecoder" in globalThis;
}

/** Which of these codecs this browser decodes. */
async function decodable(): Promise<string[]> {
  const answers = Object.entries(CODECS).map(async ([name, codec]) => {
    const { supported } = await VideoDecoder.isConfigSupported({ codec }).catch(() => ({ supported: false }));
    return supported ? [name] : [];
  });
  return (await Promise.all(answers)).flat();
}

export class Video implements Feed {
  readonly #heads = new Map<number, PictureHead>();
  readonly #copier = new Copier((picture) => this.sink.offer(picture));
  #parameters: Record<string, string> = {};
  #socket: WebSocket | null = null;
  #decoder: VideoDecoder | null = null;
  /** What the decoder was made for. */
  #kind = "";
  /** What is told with the next picture. */
  #note = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(
    private readonly row: number,
    private readonly way: "sent" | "h264",
    private readonly sink: Sink,
  ) {
    document.addEventListener("visibilitychange", this.#see);
    void this.#begin();
  }

  select(): void {}

  hear(): void {}

  close(): void {
    this.#isClosed = true;
    document.removeEventListener("visibilitychange", this.#see);
    this.#rest();
    this.#copier.close();
  }

  async #begin(): Promise<void> {
    if (this.way === "sent") this.#parameters = { codecs: (await decodable()).join() };
    if (this.#parameters.codecs === "") return this.#fail("this browser decodes no video");
    this.#see();
  }

  readonly #see = (): void => {
    if (document.hidden) this.#rest();
    else if (!this.#isClosed && !this.#socket) this.#open();
  };

  /** Have neither connection nor decoder. */
  #rest(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onclose = socket.onmessage = null;
    socket?.close();
    this.#stopDecoding();
  }

  #open(): void {
    const socket = new WebSocket(socketAddress(`/api/video/${this.row}`, this.#parameters));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.sink.note(KEY_FRAME);
    socket.onmessage = ({ data }) => this.#receive(data as ArrayBuffer | string);
    socket.onclose = ({ code, reason }) => (code === CANNOT ? this.#fail(reason) : this.#lost());
  }

  #lost(): void {
    this.#rest();
    this.sink.note("the video's connection ended: opening it again");
    this.#timer = setTimeout(this.#see, RETRY_MS);
  }

  #fail(why: string): void {
    if (this.#isClosed) return;
    this.close();
    this.sink.failed(why);
  }

  #receive(data: ArrayBuffer | string): void {
    try {
      if (typeof data === "string") return this.#tell(JSON.parse(data).note);
      const { head, payload } = opened<PictureHead>(data);
      this.#decode(head, payload);
    } catch (error) {
      this.#broken(error);
    }
  }

  /** Say why nothing comes, also when pictures of before are decoded only now. */
  #tell(note: string): void {
    this.#note = note;
    this.sink.note(note);
  }

  #decode(head: PictureHead, payload: Uint8Array): void {
    this.#note = "";
    if (head.key && (!this.#decoder || kindOf(head) !== this.#kind)) this.#configure(head);
    if (!this.#decoder) return this.#told(head.seq);
    this.#heads.set(head.seq, head);
    if (this.#heads.size > MOST_HEADS) this.#heads.delete(this.#heads.keys().next().value!);
    this.#decoder.decode(
      new EncodedVideoChunk({
        type: head.key ? "key" : "delta",
        timestamp: head.seq,
        data: payload as Uint8Array<ArrayBuffer>,
      }),
    );
  }

  #configure(head: PictureHead): void {
    this.#stopDecoding();
    this.#kind = kindOf(head);
    const decoder = new VideoDecoder({
      output: (frame) => this.#take(frame),
      error: (error) => decoder === this.#decoder && this.#broken(error),
    });
    const colorSpace = { ...COLOURS, fullRange: head.components === 1 };
    decoder.configure({ codec: head.codec ?? "", colorSpace, optimizeForLatency: true });
    this.#decoder = decoder;
  }

  /** Pictures come in the order of showing, which is not always that of sending. */
  #take(frame: VideoFrame): void {
    const head = this.#heads.get(frame.timestamp);
    this.#heads.delete(frame.timestamp);
    if (!head) return frame.close();
    this.#failures = 0;
    this.sink.note(this.#note);
    this.#copier.take(head, frame);
    this.#told(head.seq);
  }

  /** Have more sent. */
  #told(seq: number): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify({ shown: seq }));
  }

  #failures = 0;

  /** Once more with a new connection, which begins with a key frame; then never again. */
  #broken(error: unknown): void {
    this.#failures += 1;
    const text = error instanceof Error ? error.message : String(error);
    if (this.#failures > 1) return this.#fail(`the video could not be decoded (${text})`);
    this.#rest();
    this.#see();
  }

  #stopDecoding(): void {
    const decoder = this.#decoder;
    this.#decoder = null;
    this.#heads.clear();
    if (decoder && decoder.state !== "closed") decoder.close();
  }
}

/** What one decoder can be used for. */
function kindOf({ codec, components, width, height }: PictureHead): string {
  return `${codec} ${components} ${width} ${height}`;
}
