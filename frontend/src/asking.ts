// Asking the server for something again and again, one question at a time: the next is asked when the
// answer to the one before was dealt with. Nothing is asked while the page is not seen, and nobody
// waits at the server for what seldom comes: browsers have no more than six requests to a server at a
// time, and streams need them.

import { address, type Row } from "./api";

/** After an error, and after "nothing" that came faster than a server with patience says it. */
const RETRY_MS = 1000;
/** The server says "nothing newer" after 10 s; one that says nothing for so long hangs. */
const LONGEST_MS = 20_000;
/** What comes more often than boards do, 1/s, is asked for without waiting for them. */
const OFTEN = 4;

/** Why there is no answer to deal with, for people. */
export class NoAnswer extends Error {
  /** @param status of HTTP; 0 where nobody answered */
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

export interface AskingParts {
  /** What to ask for now: a path, and its parameters. */
  question: () => [path: string, parameters?: Record<string, string | number>];
  /** Deal with an answer; which of the row's messages it is. What it throws is given to `failed`. */
  take: (answer: ArrayBuffer) => number | void | Promise<number | void>;
  /** There is nothing newer, and why, or "". */
  nothing?: (note: string) => void;
  /** No answer, or `take` threw. It is asked again in a second, unless closed. */
  failed: (error: unknown) => void;
  /** So many ms are between an answer and the next question. */
  pause?: number;
  /** Given for tests. */
  fetch?: (url: string, init: { signal: AbortSignal }) => Promise<Response>;
  /** Resolves after so many ms, or earlier when aborted. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

export class Asking {
  readonly #parts: Required<AskingParts>;
  #isClosed = false;
  #request = new AbortController();
  /** The number of the row's newest message by the board, if it is told of. */
  #number = 0;
  #isOften = true;
  #wake = () => {};

  constructor(parts: AskingParts) {
    this.#parts = { fetch: (url, init) => fetch(url, init), wait, nothing: () => {}, pause: 0, ...parts };
    void this.#run();
  }

  /** Ask at once, whatever is waited for: the question has changed. */
  again(): void {
    this.#request.abort();
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.again();
  }

  /** Know what the board says of the row. From then on it is asked for when there is something newer. */
  hear({ number, rate }: Pick<Row, "number" | "rate">): void {
    this.#number = number;
    this.#isOften = rate > OFTEN;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#request = new AbortController();
      const { signal } = this.#request;
      const pause = await this.#ask(signal).catch((error: unknown) => {
        if (!signal.aborted) this.#parts.failed(error);
        return RETRY_MS;
      });
      if (pause && !signal.aborted) await this.#parts.wait(pause, signal);
    }
  }

  /** Ask once; how many ms to wait before the next time. */
  async #ask(signal: AbortSignal): Promise<number> {
    if (globalThis.document?.hidden) await seen(signal);
    if (signal.aborted) return 0;
    const start = performance.now();
    const known = this.#number;
    const answer = await this.#answer(signal);
    if (signal.aborted) return 0;
    if (typeof answer !== "string") {
      const taken = await this.#parts.take(answer);
      if (taken !== undefined) await this.#newer(taken, signal);
      return this.#parts.pause;
    }
    this.#parts.nothing(answer);
    await this.#newer(known, signal);
    return answer || performance.now() - start < RETRY_MS ? RETRY_MS : 0;
  }

  /** Resolves when there is a message after the one with that number, or may be. */
  async #newer(known: number, signal: AbortSignal): Promise<void> {
    const heard = this.#number;
    const isAnother = () => this.#number < heard; // igtl view was started again
    const isNews = () => this.#isOften || this.#number > known || isAnother();
    while (!signal.aborted && !isNews()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** What was answered; why there is nothing newer, or "". */
  async #answer(signal: AbortSignal): Promise<ArrayBuffer | string> {
    const reply = await this.#reply(signal);
    if (reply.status === 204) return reply.headers.get("X-Igtl-Note") ?? "";
    const body = await reply.arrayBuffer().catch(notAnswered);
    if (reply.status === 200) return body;
    const text = new TextDecoder().decode(body.slice(0, 500)).trim();
    throw new NoAnswer(reply.status, text || `igtl view answered ${reply.status}`);
  }

  async #reply(signal: AbortSignal): Promise<Response> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), LONGEST_MS);
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return await this.#parts.fetch(address(...this.#parts.question()), { signal: either });
    } catch {
      return notAnswered();
    } finally {
      clearTimeout(timer);
    }
  }
}

function notAnswered(): never {
  throw new NoAnswer(0, "no answer from igtl view: asking again");
}

/** Resolves when the page is seen, or when aborted. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", end);
      resolve();
    };
    document.addEventListener("visibilitychange", end);
    signal.addEventListener("abort", end, { once: true });
  });
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
