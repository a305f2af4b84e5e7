// Pictures come by a scripted `fetch`: each test says what the server answers, and when.
import { expect, test } from "vitest";
import { Newest } from "../../src/images/newest";
import type { Picture } from "../../src/images/painter";
import { Polling } from "../../src/images/polling";
import type { Selection } from "../../src/images/ways";

interface Asked {
  url: string;
  signal: AbortSignal;
  answer: (reply: Response) => void;
  fail: (error: Error) => void;
}

/** A server of which every answer is given by hand. */
class Server {
  asked: Asked[] = [];
  waits: number[] = [];
  notes: string[] = [];
  failures: string[] = [];
  shown = new Newest(() => {});
  offered: number[] = [];
  polling: Polling;

  constructor(selection: Selection = { axis: "k", slice: null }) {
    this.polling = new Polling({
      row: 5,
      as: "raw",
      selection,
      sink: {
        offer: (picture) => {
          this.offered.push(picture.head.seq);
          return this.shown.offer(picture);
        },
        empty: () => this.shown.empty(),
        note: (text) => this.notes.push(text),
        failed: (text) => this.failures.push(text),
      },
      fetch: (url, { signal }) =>
        new Promise((answer, fail) => {
          signal.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
          this.asked.push({ url, signal, answer, fail });
        }),
      wait: (ms) => {
        this.waits.push(ms);
        return Promise.resolve();
      },
    });
  }

  get last(): Asked {
    return this.asked.at(-1)!;
  }

  async answer(reply: Response): Promise<void> {
    this.last.answer(reply);
    await settled();
  }
}

/** All that can go on without anything from outside has gone on. */
async function settled(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

declare function setImmediate(act: (value: unknown) => void): void;

/** A raw picture of one byte, as the server packs it. */
function picture(seq: number, value = 0): Response {
  const head = { seq, width: 1, height: 1, components: 1, dtype: "uint8", format: "raw", skipped: 0 };
  const text = JSON.stringify(head);
  const padded = text.padEnd(Math.ceil((4 + text.length) / 8) * 8 - 4);
  const bytes = new Uint8Array(4 + padded.length + 1);
  new DataView(bytes.buffer).setUint32(0, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 4);
  bytes[bytes.length - 1] = value;
  return new Response(bytes);
}

test("each question names the picture before, one at a time", async () => {
  const server = new Server();
  expect(server.asked.map(({ url }) => url)).toEqual(["/api/picture/5?after=0&as=raw&axis=k"]);
  await server.answer(picture(7, 42));
  expect(server.last.url).toBe("/api/picture/5?after=7&as=raw&axis=k");
  const taken = server.shown.take()!;
  expect([...taken.picture.values!]).toEqual([42]);
  expect(server.asked.length).toBe(2);
  server.polling.close();
});

test("a newer picture takes the place of one not drawn, and no more are asked for until one is", async () => {
  const server = new Server();
  await server.answer(picture(1));
  await server.answer(picture(4));
  await settled();
  expect(server.asked.length).toBe(2); // 1 waits to be drawn, 4 replaced it: nobody asks for more
  const taken = server.shown.take()!;
  expect([taken.picture.head.seq, taken.skipped]).toEqual([4, 1]);
  await settled();
  expect(server.last.url).toContain("after=4");
  server.polling.close();
});

test("closing ends the question that is under way, and nothing is delivered after", async () => {
  const server = new Server();
  server.polling.close();
  expect(server.last.signal.aborted).toBe(true);
  await settled();
  expect([server.asked.length, server.offered, server.notes, server.waits]).toEqual([1, [], [], []]);
});

test("another slice is asked for at once, though an answer is waited for", async () => {
  const server = new Server({ axis: "j", slice: 3 });
  expect(server.last.url).toBe("/api/picture/5?after=0&as=raw&axis=j&slice=3");
  await server.answer(picture(1));
  server.polling.select({ axis: "j", slice: 4 });
  await settled();
  expect(server.last.url).toBe("/api/picture/5?after=0&as=raw&axis=j&slice=4");
  expect(server.notes).toEqual([""]);
  server.polling.close();
});

test("scrolling fast shows slices on the way: the answer that is coming is not given up", async () => {
  const server = new Server({ axis: "k", slice: 1 });
  for (const slice of [2, 3, 4]) server.polling.select({ axis: "k", slice });
  await settled();
  expect(server.asked.length).toBe(1);
  await server.answer(picture(1));
  expect(server.offered).toEqual([1]);
  expect(server.last.url).toContain("slice=4");
  server.polling.close();
});

test("nothing newer: asked again, and what the server says of it is passed on", async () => {
  const server = new Server();
  await server.answer(new Response(null, { status: 204 }));
  await server.answer(new Response(null, { status: 204, headers: { "X-Igtl-Note": "no key frame" } }));
  expect(server.notes).toEqual(["", "no key frame"]);
  expect(server.waits).toEqual([1000, 1000]); // the first came at once: no server with patience said it
  server.polling.close();
});

test("a server that is gone is asked again after a while, from the beginning", async () => {
  const server = new Server();
  await server.answer(picture(9));
  server.last.fail(new TypeError("Failed to fetch"));
  await settled();
  expect(server.notes.at(-1)).toBe("no answer from igtl view: asking again");
  expect(server.waits).toEqual([1000]);
  expect(server.last.url).toContain("after=0");
  server.polling.close();
});

test("a row that is gone, and a broken picture, are said and asked for again", async () => {
  const server = new Server();
  await server.answer(new Response("row 5 has no pictures\n", { status: 404 }));
  expect(server.notes.at(-1)).toBe("row 5 has no pictures");
  await server.answer(new Response(Uint8Array.of(255, 0, 0, 0)));
  expect(server.notes.at(-1)).toMatch(/^broken picture/);
  expect(server.asked.length).toBe(3);
  server.polling.close();
});

test("what the server cannot make is given up", async () => {
  const server = new Server();
  await server.answer(new Response("install igtl[video]", { status: 501 }));
  expect(server.failures).toEqual(["install igtl[video]"]);
  expect(server.asked.length).toBe(1);
});

test("pictures that are replaced or discarded are closed", () => {
  const closed: number[] = [];
  const held = new Newest(() => {});
  const bitmap = (seq: number) =>
    ({ head: { seq, skipped: 2 }, values: null, source: { close: () => closed.push(seq) } }) as unknown as Picture;
  expect(held.offer(bitmap(1))).toBe(true);
  expect(held.offer(bitmap(2))).toBe(false);
  expect(closed).toEqual([1]);
  expect(held.take()!.skipped).toBe(2 + 1 + 2); // two before 1, 1 itself, two between 1 and 2
  expect(closed).toEqual([1]);
  held.offer(bitmap(3));
  held.discard();
  expect([closed, held.take()]).toEqual([[1, 3], null]);
});
