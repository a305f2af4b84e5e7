// The last message of a row, asked for once a second while somebody looks at it.

import type { MessageDetails, RowId } from "../api";
import { Asking, NoAnswer } from "../asking";

const EVERY_MS = 1000;

/** Hand each answer to `take`: the message, or why there is none. Returns what ends it. */
export function refreshed(row: RowId, take: (answer: MessageDetails | string) => void): () => void {
  const asking = new Asking({
    question: () => [`/api/message/${row}`],
    take: (answer) => take(JSON.parse(new TextDecoder().decode(answer)) as MessageDetails),
    failed: (error) => take(whyNot(error)),
    pause: EVERY_MS,
  });
  return () => asking.close();
}

function whyNot(error: unknown): string {
  if (!(error instanceof NoAnswer)) return `igtl view's answer cannot be read: ${error}`;
  if (error.status === 404) return "igtl view knows no message of this device any more.";
  if (error.status === 0) return "igtl view did not answer. It is asked again.";
  return `igtl view answered ${error.status}: ${error.message}`;
}
