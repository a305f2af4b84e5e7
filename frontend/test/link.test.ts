import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Link } from "../src/link";
import type { LiveMessage } from "../src/api";

// The browser's WebSocket, played by the test: it opens, sends and fails when the test says so.
class Socket {
  static all: Socket[] = [];
  readyState = 0;
  sent: string[] = [];
  onmessage: ((event: { data: unknown }) => void) | null = null;
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

  /** What a server does. */
  tell(data: unknown): void {
    this.readyState = 1;
    this.onmessage?.({ data: typeof data === "string" ? data : JSON.stringify(data) });
  }

  fail(): void {
    this.readyState = 3;
    this.onclose?.();
  }
}

const HELLO = { kind: "hello", clock: 1 };

let taken: LiveMessage[];
let states: string[];
let refused: string[];
let barred: string[];
let why: string;
let link: Link;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", Socket);
  Socket.all = [];
  taken = [];
  states = [];
  refused = [];
  barred = [];
  why = "";
  link = new Link({
    address: () => "ws://localhost:8080/api/live",
    take: (message) => taken.push(message),
    state: (state) => states.push(state),
    refused: (text) => refused.push(text),
    why: () => Promise.resolve(why),
    barred: (text) => barred.push(text),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const newest = () => Socket.all.at(-1)!;

test("messages are handed on, and the first hello opens the link", () => {
  link.open();
  expect(newest().url).toBe("ws://localhost:8080/api/live");
  expect(states).toEqual([]);
  newest().tell(HELLO);
  newest().tell({ kind: "trouble", text: "disk full" });
  expect(states).toEqual(["open"]);
  expect(taken).toEqual([HELLO, { kind: "trouble", text: "disk full" }]);
});

test("what is no message is left out", () => {
  link.open();
  for (const data of ["{", "null", "7", '"text"', "[]", '{"kind":3}']) newest().tell(data);
  newest().onmessage!({ data: new ArrayBuffer(4) });
  expect(taken).toEqual([]);
});

test("a lost link is tried again after 0.5, 1, 2, 4, 5, 5 s", () => {
  link.open();
  for (const seconds of [0.5, 1, 2, 4, 5, 5]) {
    const before = Socket.all.length;
    newest().fail();
    vi.advanceTimersByTime(seconds * 1000 - 1);
    expect(Socket.all.length).toBe(before);
    vi.advanceTimersByTime(1);
    expect(Socket.all.length).toBe(before + 1);
  }
  expect(new Set(states)).toEqual(new Set(["lost"]));
});

test("who is refused is told why, and asks again only after 30 s", async () => {
  why = "the token is missing or wrong";
  link.open();
  newest().fail();
  await vi.advanceTimersByTimeAsync(29_999);
  expect(barred).toEqual([why]);
  expect(Socket.all.length).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(Socket.all.length).toBe(2);
  newest().tell(HELLO);
  expect(barred).toEqual([why, ""]);
});

test("a link that was open and is lost is no refusal", async () => {
  why = "never asked";
  link.open();
  newest().tell(HELLO);
  newest().fail();
  await vi.advanceTimersByTimeAsync(499);
  expect(barred).toEqual([""]);
});

test("once a server was there, the first try is soon again", () => {
  link.open();
  for (let i = 0; i < 5; i++) {
    newest().fail();
    vi.advanceTimersByTime(5000);
  }
  newest().tell(HELLO);
  const before = Socket.all.length;
  newest().fail();
  vi.advanceTimersByTime(500);
  expect(Socket.all.length).toBe(before + 1);
});

test("a server that hangs is left after 10 s, and heard no more", () => {
  link.open();
  const hanging = newest();
  hanging.tell(HELLO);
  vi.advanceTimersByTime(9_999);
  expect(states).toEqual(["open"]);
  vi.advanceTimersByTime(1);
  expect(states).toEqual(["open", "lost"]);
  expect(hanging.readyState).toBe(3);
  hanging.tell({ kind: "trouble", text: "too late" });
  hanging.fail();
  expect(taken).toEqual([HELLO]);
  vi.advanceTimersByTime(500);
  expect(Socket.all.length).toBe(2);
});

test("each message gives a server ten more seconds", () => {
  link.open();
  for (let i = 0; i < 5; i++) {
    newest().tell(HELLO);
    vi.advanceTimersByTime(9_000);
  }
  expect(states).not.toContain("lost");
});

test("wishes are sent as JSON; without a link they are refused with a text", () => {
  link.open();
  link.send({ do: "pause" });
  expect(newest().sent).toEqual([]);
  expect(refused[0]).toContain("no connection to igtl view");
  newest().tell(HELLO);
  link.send({ do: "seek", position: 12.5 });
  expect(newest().sent).toEqual(['{"do":"seek","position":12.5}']);
});

test("a closed link stays closed", () => {
  link.open();
  newest().tell(HELLO);
  link.close();
  newest().fail();
  vi.advanceTimersByTime(60_000);
  expect(Socket.all.length).toBe(1);
});
