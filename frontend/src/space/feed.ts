// The points, trajectories or surface of one row, the newest only: asked for when the board says that
// there are newer ones.

import { opened, type Row, type RowId, type SceneHead } from "../api";
import { Asking, type AskingParts } from "../asking";

export interface FeedParts extends Pick<AskingParts, "fetch" | "wait"> {
  row: RowId;
  /** Called for what is another than the one before: models are sent again and again. */
  take: (head: SceneHead, payload: Uint8Array) => void;
  /** Why nothing comes, for people; "" when all is well. */
  note: (text: string) => void;
}

/** A message, but for its number. */
interface Content {
  head: string;
  payload: Uint8Array;
}

export class SceneFeed {
  private readonly asking: Asking;
  /** The number of the newest one that came; the server counts a row's messages. */
  private after = 0;
  /** What is drawn; null before, and where that failed. */
  private drawn: Content | null = null;
  /** Whether the newest one could not be drawn: what is said of it holds until the next comes. */
  private isBroken = false;

  constructor(private readonly parts: FeedParts) {
    this.asking = new Asking({
      ...parts,
      question: () => [`/api/scene/${parts.row}`, { after: this.after }],
      take: (answer) => this.take(answer),
      nothing: (note) => (note || !this.isBroken ? parts.note(note) : undefined),
      failed: (error) => this.failed(error),
    });
  }

  close(): void {
    this.asking.close();
  }

  /** Know what the newest board says of the row. */
  hear(row: Pick<Row, "number" | "rate">): void {
    this.asking.hear(row);
  }

  private take(answer: ArrayBuffer): number {
    const { head, payload } = opened<SceneHead>(answer);
    this.after = head.seq;
    const now = { head: JSON.stringify({ ...head, seq: 0 }), payload };
    try {
      if (!isSame(this.drawn, now)) this.parts.take(head, payload);
      this.drawn = now;
      this.isBroken = false;
      this.parts.note("");
    } catch (error) {
      this.drawn = null;
      this.isBroken = true;
      this.parts.note(said(error));
    }
    return head.seq;
  }

  private failed(error: unknown): void {
    this.after = 0;
    this.parts.note(said(error));
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isSame(a: Content | null, b: Content): boolean {
  if (a?.head !== b.head || a.payload.length !== b.payload.length) return false;
  for (let i = 0; i < b.payload.length; i++) if (a.payload[i] !== b.payload[i]) return false;
  return true;
}
