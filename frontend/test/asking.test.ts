// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Asking, type AskingParts, NoAnswer } from "../src/asking";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  see(true);
});

function see(isSeen: boolean): void {
  Object.defineProperty(document, "hidden", { value: !isSeen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}

/** Asks a server that gives these answers, and hangs after the last one. */
function asking(answers: Response[], parts: Partial<AskingParts> = {}) {
  const asked: string[] = [];
  const taken: string[] = [];
  const failures: NoAnswer[] = [];
  const one = new Asking({
    question: () => ["/api/some", { n: asked.length }],
    take: (answer) => void taken.push(new TextDecoder().decode(answer)),
    failed: (error) => failures.push(error as NoAnswer),
    fetch: (url, { signal }) => {
      asked.push(url);
      const answer = answers.shift();
      if (answer) return Promise.resolve(answer);
      return new Promise((_, fail) => {
        signal.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
      });
    },
    ...parts,
  });
  return { one, asked, taken, failures };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const nothing = () => new Response(null, { status: 204 });

test("one question after the other", async () => {
  const { one, asked, taken } = asking([new Response("a"), new Response("b")]);
  await pass(0);
  expect([asked, taken]).toEqual([["/api/some?n=0", "/api/some?n=1", "/api/some?n=2"], ["a", "b"]]);
  one.close();
});

test.each([
  ["nothing that comes at once", nothing],
  ["404", () => new Response("no such row", { status: 404 })],
  ["503", () => new Response("", { status: 503 })],
])("%s is asked for again once a second, not in a circle", async (_, answer) => {
  const { one, asked } = asking(Array.from({ length: 9 }, answer));
  await pass(3500);
  expect(asked.length).toBe(4);
  one.close();
});

test("what was refused is said with its status, or that there was one", async () => {
  const { one, failures } = asking([
    new Response("no such row\n", { status: 404 }),
    new Response("", { status: 503 }),
  ]);
  await pass(1500);
  expect(failures.map(({ status, message }) => [status, message])).toEqual([
    [404, "no such row"],
    [503, "igtl view answered 503"],
  ]);
  one.close();
});

test("a server that hangs is asked again, and that is said", async () => {
  const { one, asked, failures } = asking([]);
  await pass(19_000);
  expect([asked.length, failures.length]).toEqual([1, 0]);
  await pass(3000);
  expect([asked.length, failures[0]!.status]).toEqual([2, 0]);
  one.close();
});

test("nothing is asked while the page is not seen", async () => {
  see(false);
  const { one, asked } = asking([new Response("a")]);
  await pass(60_000);
  expect(asked).toEqual([]);
  see(true);
  await pass(0);
  expect(asked.length).toBe(2);
  one.close();
});

test("closed, also while the page is not seen: nothing is asked, taken or said any more", async () => {
  see(false);
  const { one, asked, failures } = asking([new Response("a")]);
  one.close();
  see(true);
  await pass(5000);
  expect([asked, failures]).toEqual([[], []]);
});

test("another question does not wait", async () => {
  const { one, asked, failures } = asking([new Response("", { status: 503 })]);
  await pass(0);
  one.again();
  await pass(0);
  expect([asked.length, failures.length]).toEqual([2, 1]);
  one.again();
  await pass(0);
  expect([asked.length, failures.length]).toEqual([3, 1]);
  one.close();
});

test("what cannot be taken is told, and asked for again later", async () => {
  const failures: unknown[] = [];
  const { one, asked } = asking([new Response("a"), new Response("b")], {
    take: () => {
      throw new RangeError("broken");
    },
    failed: (error) => failures.push(error),
  });
  await pass(500);
  expect([asked.length, String(failures[0])]).toEqual([1, "RangeError: broken"]);
  one.close();
});

test("answers come no more often than wanted", async () => {
  const { one, asked } = asking(Array.from({ length: 9 }, () => new Response("a")), { pause: 1000 });
  await pass(2500);
  expect(asked.length).toBe(3);
  one.close();
});

test("what comes seldom is asked for when the board tells of it: nobody waits at the server", async () => {
  const { one, asked } = asking([new Response("a"), new Response("b"), nothing()], { take: () => 7 });
  one.hear({ number: 6, rate: 0.2 });
  await pass(30_000);
  one.hear({ number: 7, rate: 0.2 }); // the one that was taken
  await pass(30_000);
  expect(asked.length).toBe(1);
  one.hear({ number: 8, rate: 0.2 });
  await pass(30_000);
  expect(asked.length).toBe(3); // the last for 8, as 7 came again; then nothing newer
  one.hear({ number: 9, rate: 0.2 });
  await pass(0);
  expect(asked.length).toBe(4);
  one.close();
});

test.each([
  { news: "numbers that begin anew: igtl view was started again", heard: { number: 2, rate: 0.2 } },
  { news: "what comes often now", heard: { number: 7, rate: 30 } },
])("it is asked at once for $news", async ({ heard }) => {
  const { one, asked } = asking([new Response("a")], { take: () => 7 });
  one.hear({ number: 7, rate: 0.2 });
  await pass(100);
  expect(asked.length).toBe(1);
  one.hear(heard);
  await pass(0);
  expect(asked.length).toBe(2);
  one.close();
});
