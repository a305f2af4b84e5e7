// The points, trajectories or surface of one row: asked for again and again, the newest one only.

import { address, opened, type RowId, type SceneHead } from "../api";

export interface FeedParts {
  row: RowId;
  take: (head: SceneHead, payload: Uint8Array) => void;
  /** Why nothing comes, for people; "" when all is well. */
  note: (text: string) => void;
  fetch?: (url: string, init: { signal: AbortSignal }) => Promise<Response>;
}

const RETRY_MS = 1000;

export class SceneFeed {
  private readonly ends = new AbortController();
  private after = 0;
  /** Whether the newest one could not be drawn: what is said of it holds until the next comes. */
  private isBroken = false;

  constructor(private readonly parts: FeedParts) {
    void this.run();
  }

  close(): void {
    this.ends.abort();
  }

  private async run(): Promise<void> {
    while (!this.ends.signal.aborted) {
      try {
        await this.ask();
      } catch (error) {
        if (this.ends.signal.aborted) return;
        this.after = 0;
        this.parts.note(said(error));
        await this.wait();
      }
    }
  }

  private async ask(): Promise<void> {
    const { row, take, note, fetch = globalThis.fetch.bind(globalThis) } = this.parts;
    const { signal } = this.ends;
    const reply = await fetch(address(`/api/scene/${row}`, { after: this.after }), { signal });
    if (reply.status === 204) return this.nothing(reply.headers.get("X-Igtl-Note") ?? "");
    if (reply.status !== 200) throw new Error((await reply.text()).trim() || `answer ${reply.status}`);
    const { head, payload } = opened<SceneHead>(await reply.arrayBuffer());
    if (signal.aborted) return;
    this.after = head.seq;
    try {
      take(head, payload);
      this.isBroken = false;
      note("");
    } catch (error) {
      this.isBroken = true;
      note(said(error));
    }
  }

  /** Nothing newer in the server's time for an answer. */
  private nothing(text: string): void {
    if (text || !this.isBroken) this.parts.note(text);
  }

  private wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.ends.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

function said(error: unknown): string {
  if (error instanceof TypeError) return "no answer from igtl view: asking again";
  return error instanceof Error ? error.message : String(error);
}
