// The last message of a row, asked for once a second while somebody looks at it.

import { address, type MessageDetails, type RowId } from "../api";

const EVERY_MS = 1000;
const LONGEST_MS = 10_000;

/** Hand each answer to `take`: the message, or why there is none. Returns what ends it. */
export function refreshed(row: RowId, take: (answer: MessageDetails | string) => void): () => void {
  const end = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(): Promise<void> {
    const answer = await asked(row, end.signal);
    if (end.signal.aborted) return;
    take(answer);
    timer = setTimeout(ask, EVERY_MS);
  }

  void ask();
  return () => {
    clearTimeout(timer);
    end.abort();
  };
}

async function asked(row: RowId, end: AbortSignal): Promise<MessageDetails | string> {
  try {
    const signal = AbortSignal.any([end, AbortSignal.timeout(LONGEST_MS)]);
    const response = await fetch(address(`/api/message/${row}`), { signal });
    if (response.ok) return (await response.json()) as MessageDetails;
    if (response.status === 404) return "igtl view knows no message of this device any more.";
    return `igtl view answered ${response.status}: ${(await response.text()).slice(0, 200)}`;
  } catch {
    return "igtl view did not answer. It is asked again.";
  }
}
