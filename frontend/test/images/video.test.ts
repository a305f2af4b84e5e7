// The browser's WebSocket and decoder are played by hand: what the server sends, what comes out.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Video } from "../../src/images/video";

class Socket {
  static all: Socket[] = [];
  binaryType = "";
  readyState = 1;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;
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
  state = "unconfigured";
  codec = "";
  decoded: { type: string; timestamp: number }[] = [];
  constructor(readonly callbacks: Callbacks) {
    Decoder.all.push(this);
  }
  configure(config: { codec: string; optimizeForLatency: boolean }): void {
    expect(config.optimizeForLatency).toBe(true);
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

beforeEach(() => {
  [notes, failures, offered, closed] = [[], [], [], []];
  Socket.all = [];
  Decoder.all = [];
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("VideoDecoder", Decoder);
  vi.stubGlobal("EncodedVideoChunk", Chunk);
  vi.stubGlobal("location", { protocol: "http:", host: "localhost:8080" });
  vi.stubGlobal("document", { visibilityState: "visible" });
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function begun(): Video {
  return new Video(3, {
    offer: (picture) => offered.push(picture.head.seq) > 0,
    empty: () => Promise.resolve(),
    note: (text) => notes.push(text),
    failed: (text) => failures.push(text),
  });
}

function receive(head: object): void {
  const text = JSON.stringify(head);
  const padded = text.padEnd(Math.ceil((4 + text.length) / 8) * 8 - 4);
  const bytes = new Uint8Array(4 + padded.length + 4);
  new DataView(bytes.buffer).setUint32(0, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 4);
  Socket.all.at(-1)!.onmessage!({ data: bytes.buffer });
}

function decode(timestamp: number): void {
  const frame = { timestamp, close: () => closed.push(timestamp) } as unknown as VideoFrame;
  Decoder.all.at(-1)!.callbacks.output(frame);
}

const KEY = { key: true, codec: "avc1.42E01F" };

test("decoding begins with a key frame; what came before is not kept waiting for", () => {
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
  decode(5);
  expect([offered, notes.at(-1)]).toEqual([[5], ""]);
});

test("what is decoded counts as shown where the page is seen, what is drawn where it is not", () => {
  const video = begun();
  receive({ seq: 1, ...KEY });
  decode(1);
  expect(Socket.all[0]!.sent).toEqual(['{"shown":1}']);
  vi.stubGlobal("document", { visibilityState: "hidden" });
  receive({ seq: 2, key: false });
  decode(2);
  expect(Socket.all[0]!.sent.length).toBe(1);
  video.shown(2);
  expect(Socket.all[0]!.sent.at(-1)).toBe('{"shown":2}');
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
  expect(failures).toEqual(["H.264 could not be decoded (bad slice)"]);
  expect([Socket.all.length, Socket.all[1]!.readyState]).toEqual([2, 3]);
});

test("a picture that is decoded in between makes one more error harmless", () => {
  begun();
  for (const seq of [1, 2, 3]) {
    receive({ seq, ...KEY });
    decode(seq);
    Decoder.all.at(-1)!.callbacks.error(new Error("bad slice"));
  }
  expect([failures, Socket.all.length]).toEqual([[], 4]);
});

test("a connection that ends is opened again after a while", () => {
  vi.useFakeTimers();
  try {
    begun();
    Socket.all[0]!.onclose!();
    expect(notes.at(-1)).toBe("the video's connection ended: opening it again");
    vi.advanceTimersByTime(999);
    expect(Socket.all.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(Socket.all.length).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

test("closed is closed: socket, decoder, and nothing is offered any more", () => {
  const video = begun();
  receive({ seq: 1, ...KEY });
  video.close();
  decode(1);
  expect([Socket.all[0]!.readyState, Decoder.all[0]!.state, offered, closed]).toEqual([3, "closed", [], [1]]);
});
