// The browser's WebSocket and decoder are played by hand: what the server sends, what comes out.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Video } from "../../src/images/video";

class Socket {
  static all: Socket[] = [];
  binaryType = "";
  readyState = 1;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer | string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(readonly url: string) {
    Socket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
}

interface Callbacks {
  output: (frame: VideoFrame) => void;
  error: (error: Error) => void;
}

class Decoder {
  static all: Decoder[] = [];
  static known = ["avc1", "vp09"];
  static isConfigSupported({ codec }: { codec: string }): Promise<{ supported: boolean }> {
    return Promise.resolve({ supported: Decoder.known.includes(codec.slice(0, 4)) });
  }
  state = "unconfigured";
  codec = "";
  isFull = false;
  decoded: { type: string; timestamp: number }[] = [];
  constructor(readonly callbacks: Callbacks) {
    Decoder.all.push(this);
  }
  configure(config: VideoDecoderConfig): void {
    expect(config.optimizeForLatency).toBe(true);
    expect(config.colorSpace?.matrix).toBe("smpte170m");
    this.isFull = config.colorSpace?.fullRange ?? false;
    this.codec = config.codec;
    this.state = "configured";
  }
  decode(chunk: { type: string; timestamp: number }): void {
    this.decoded.push(chunk);
  }
  close(): void {
    this.state = "closed";
  }
}

class Chunk {
  type!: string;
  timestamp!: number;
  constructor(parts: object) {
    Object.assign(this, parts);
  }
}

let notes: string[];
let failures: string[];
let offered: number[];
let closed: number[];
let page: EventTarget & { hidden: boolean };

beforeEach(() => {
  [notes, failures, offered, closed] = [[], [], [], []];
  Socket.all = [];
  Decoder.all = [];
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("VideoDecoder", Decoder);
  vi.stubGlobal("EncodedVideoChunk", Chunk);
  vi.stubGlobal("location", { protocol: "http:", host: "localhost:8080" });
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal("document", page);
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function begun(way: "sent" | "h264" = "h264"): Video {
  return new Video(3, way, {
    offer: (picture) => offered.push(picture.head.seq) > 0,
    empty: () => Promise.resolve(),
    note: (text) => notes.push(text),
    failed: (text) => failures.push(text),
  });
}

/** The page is seen, or no longer. */
function see(isSeen: boolean): void {
  page.hidden = !isSeen;
  page.dispatchEvent(new Event("visibilitychange"));
}

function receive(head: object): void {
  const text = JSON.stringify(head);
  const padded = text.padEnd(Math.ceil((4 + text.length) / 8) * 8 - 4);
  const bytes = new Uint8Array(4 + padded.length + 4);
  new DataView(bytes.buffer).setUint32(0, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 4);
  Socket.all.at(-1)!.onmessage!({ data: bytes.buffer });
}

/** The decoder gives a frame, which the browser does not copy. */
async function decode(timestamp: number): Promise<void> {
  const frame = { timestamp, close: () => closed.push(timestamp) } as unknown as VideoFrame;
  Decoder.all.at(-1)!.callbacks.output(frame);
  await new Promise((resolve) => setTimeout(resolve));
}

const KEY = { key: true, codec: "avc1.42E01F" };

test("decoding begins with a key frame; what came before is not kept waiting for", async () => {
  begun();
  expect(Socket.all[0]!.url).toBe("ws://localhost:8080/api/video/3");
  Socket.all[0]!.onopen!();
  expect(notes).toEqual(["waiting for a key frame"]);
  receive({ seq: 4, key: false });
  expect([Decoder.all.length, Socket.all[0]!.sent]).toEqual([0, ['{"shown":4}']]);
  receive({ seq: 5, ...KEY });
  receive({ seq: 6, key: false });
  expect(Decoder.all[0]!.codec).toBe("avc1.42E01F");
  expect(Decoder.all[0]!.decoded.map(({ type, timestamp }) => [type, timestamp])).toEqual([
    ["key", 5],
    ["delta", 6],
  ]);
  await decode(5);
  expect([offered, notes.at(-1)]).toEqual([[5], ""]);
});

test("what is decoded counts as shown, in whatever order", async () => {
  begun();
  for (const [seq, key] of [[1, true], [2, false], [3, false]] as const) receive({ seq, ...KEY, key });
  for (const seq of [1, 3, 2]) await decode(seq);
  expect(offered).toEqual([1, 3, 2]);
  expect(Socket.all[0]!.sent).toEqual([1, 3, 2].map((seq) => `{"shown":${seq}}`));
});

test("a page that is not seen has no connection", () => {
  page.hidden = true;
  const video = begun();
  expect(Socket.all.length).toBe(0);
  see(true);
  receive({ seq: 1, ...KEY });
  see(false);
  expect([Socket.all.length, Socket.all[0]!.readyState, Decoder.all[0]!.state]).toEqual([1, 3, "closed"]);
  see(true);
  expect(Socket.all.length).toBe(2);
  video.close();
  see(true);
  expect(Socket.all.length).toBe(2);
});

test("what was sent is asked for in the codecs that the browser decodes", async () => {
  begun("sent");
  await vi.waitFor(() => expect(Socket.all.length).toBe(1));
  expect(Socket.all[0]!.url).toBe("ws://localhost:8080/api/video/3?codecs=avc1%2Cvp09");
  Decoder.known = [];
  begun("sent");
  await vi.waitFor(() => expect(failures).toEqual(["this browser decodes no video"]));
  expect(Socket.all.length).toBe(1);
  Decoder.known = ["avc1", "vp09"];
});

test("what the server says stays until the next picture, though late ones are decoded", async () => {
  begun();
  receive({ seq: 1, ...KEY });
  Socket.all[0]!.onmessage!({ data: '{"note":"frame 3 came after 1"}' });
  await decode(1);
  expect(notes.at(-1)).toBe("frame 3 came after 1");
  receive({ seq: 4, ...KEY });
  await decode(4);
  expect([notes.at(-1), failures]).toEqual(["", []]);
});

test("what the server cannot do is the end of this way", () => {
  begun();
  Socket.all[0]!.onclose!({ code: 1011, reason: "this browser does not decode X265" });
  expect([failures, Socket.all.length]).toEqual([["this browser does not decode X265"], 1]);
});

test("grey is taken for what it is, colours for those of video", () => {
  begun();
  receive({ seq: 1, ...KEY, components: 1 });
  receive({ seq: 2, ...KEY, components: 3 });
  expect(Decoder.all.map(({ isFull }) => isFull)).toEqual([true, false]);
});

test("another codec is another decoder; late frames of the old one are closed", () => {
  begun();
  receive({ seq: 1, ...KEY });
  receive({ seq: 2, ...KEY });
  receive({ seq: 3, key: true, codec: "avc1.42E028" });
  expect(Decoder.all.map(({ codec, state }) => [codec, state])).toEqual([
    ["avc1.42E01F", "closed"],
    ["avc1.42E028", "configured"],
  ]);
  Decoder.all[0]!.callbacks.output({ timestamp: 1, close: () => closed.push(1) } as unknown as VideoFrame);
  expect([offered, closed]).toEqual([[], [1]]);
});

test("one error begins anew, the second is the end", () => {
  begun();
  receive({ seq: 1, ...KEY });
  Decoder.all[0]!.callbacks.error(new Error("bad slice"));
  expect([Socket.all.length, Socket.all[0]!.readyState, failures]).toEqual([2, 3, []]);
  receive({ seq: 9, ...KEY });
  Decoder.all[1]!.callbacks.error(new Error("bad slice"));
  expect(failures).toEqual(["the video could not be decoded (bad slice)"]);
  expect([Socket.all.length, Socket.all[1]!.readyState]).toEqual([2, 3]);
});

test("a picture that is decoded in between makes one more error harmless", async () => {
  begun();
  for (const seq of [1, 2, 3]) {
    receive({ seq, ...KEY });
    await decode(seq);
    Decoder.all.at(-1)!.callbacks.error(new Error("bad slice"));
  }
  expect([failures, Socket.all.length]).toEqual([[], 4]);
});

test("a connection that ends is opened again after a while", () => {
  vi.useFakeTimers();
  try {
    begun();
    Socket.all[0]!.onclose!({ code: 1006, reason: "" });
    expect(notes.at(-1)).toBe("the video's connection ended: opening it again");
    vi.advanceTimersByTime(999);
    expect(Socket.all.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(Socket.all.length).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

test("closed is closed: socket, decoder, and nothing is offered any more", async () => {
  const video = begun();
  receive({ seq: 1, ...KEY });
  video.close();
  await decode(1);
  expect([Socket.all[0]!.readyState, Decoder.all[0]!.state, offered, closed]).toEqual([3, "closed", [], [1]]);
});
