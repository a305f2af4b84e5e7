import { expect, test } from "vitest";
import { SceneFeed } from "../../src/space/feed";

function envelope(head: object, payload: readonly number[] = []): ArrayBuffer {
  const text = JSON.stringify(head);
  const padded = text.padEnd(Math.ceil((4 + text.length) / 8) * 8 - 4);
  const bytes = new Uint8Array(4 + padded.length + payload.length);
  new DataView(bytes.buffer).setUint32(0, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 4);
  bytes.set(payload, 4 + padded.length);
  return bytes.buffer;
}

/** Answers one request after the other; the last one stays open until it is aborted. */
function server(answers: Response[]) {
  const urls: string[] = [];
  const fetch = (url: string, { signal }: { signal: AbortSignal }) => {
    urls.push(url);
    const answer = answers.shift();
    if (answer) return Promise.resolve(answer);
    return new Promise<Response>((_, failed) => {
      signal.addEventListener("abort", () => failed(new DOMException("over", "AbortError")));
    });
  };
  return { urls, fetch };
}

test("each message is taken once, and the next one is asked for when the board tells of it", async () => {
  const { urls, fetch } = server([
    new Response(envelope({ seq: 4, type: "POINT", frame: "CT" })),
    new Response(null, { status: 204, headers: { "X-Igtl-Note": "broken since then" } }),
    new Response(envelope({ seq: 9, type: "POINT", frame: "MR" })),
  ]);
  const notes: string[] = [];
  const seqs: number[] = [];
  await new Promise<void>((done) => {
    const feed = new SceneFeed({
      row: 12,
      fetch,
      note: (text) => {
        notes.push(text);
        if (text) setTimeout(() => feed.hear({ number: 9, rate: 1 }));
      },
      take: ({ seq }) => {
        seqs.push(seq);
        setTimeout(() => {
          expect(urls.length).toBe(seq === 4 ? 1 : 3);
          feed.hear({ number: 4, rate: 1 });
          feed.hear({ number: 8, rate: 1 });
          if (seq === 9) done(feed.close());
        });
      },
      wait: async () => {},
    });
    feed.hear({ number: 3, rate: 1 });
  });
  expect(seqs).toEqual([4, 9]);
  expect(urls).toEqual(["/api/scene/12?after=0", "/api/scene/12?after=4", "/api/scene/12?after=4"]);
  expect(notes).toEqual(["", "broken since then", ""]);
});

test("while there is nothing newer, nobody waits at the server", async () => {
  const { urls, fetch } = server([new Response(envelope({ seq: 7 }))]);
  const feed = new SceneFeed({ row: 12, fetch, note: () => {}, take: () => {} });
  const asked = () => new Promise((resolve) => setTimeout(() => resolve(urls.length)));
  // The board told of 6 when the newest came; that it tells of 7 now is no news.
  feed.hear({ number: 6, rate: 1 });
  expect(await asked()).toBe(1);
  feed.hear({ number: 7, rate: 1 });
  expect(await asked()).toBe(1);
  // What comes thirty times a second is asked for all the time.
  feed.hear({ number: 7, rate: 30 });
  expect(await asked()).toBe(2);
  feed.close();
});

test("what is sent again unchanged is not taken again", async () => {
  const { fetch } = server([
    new Response(envelope({ seq: 1, frame: "CT" }, [1, 2])),
    new Response(envelope({ seq: 2, frame: "CT" }, [1, 2])),
    new Response(envelope({ seq: 3, frame: "CT" }, [1, 3])),
    new Response(envelope({ seq: 4, frame: "CT" }, [1, 3, 0])),
    new Response(envelope({ seq: 5, frame: "MR" }, [1, 3, 0])),
  ]);
  const seqs: number[] = [];
  await new Promise<void>((done) => {
    const take = ({ seq }: { seq: number }) => {
      seqs.push(seq);
      if (seq === 5) done(feed.close());
    };
    const feed = new SceneFeed({ row: 1, fetch, note: () => {}, take });
  });
  expect(seqs).toEqual([1, 3, 4, 5]);
});

test("what the server refuses is said", async () => {
  const text = await new Promise((done) => {
    const { fetch } = server([new Response("no such row", { status: 404 })]);
    const note = (text: string) => done((feed.close(), text));
    const feed = new SceneFeed({ row: 1, fetch, note, take: () => {} });
  });
  expect(text).toBe("no such row");
});

test("what cannot be drawn is said until the next comes, and is not asked for again", async () => {
  const { urls, fetch } = server([
    new Response(envelope({ seq: 3 })),
    new Response(null, { status: 204 }),
    new Response(envelope({ seq: 4 })),
  ]);
  const notes: string[] = [];
  await new Promise<void>((done) => {
    const feed = new SceneFeed({
      row: 1,
      fetch,
      note: (text) => {
        notes.push(text);
        if (!text) done(feed.close());
      },
      take: ({ seq }) => {
        for (const number of [4, 5]) setTimeout(() => feed.hear({ number, rate: 1 }));
        if (seq === 3) throw new RangeError("polygons name point 7");
      },
    });
  });
  expect(notes).toEqual(["polygons name point 7", ""]);
  expect(urls).toEqual(["/api/scene/1?after=0", "/api/scene/1?after=3", "/api/scene/1?after=3"]);
});
