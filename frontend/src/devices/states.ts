// How states look: always a drawing and a word, the colour only adds to them.

import type { Connection, Row, RowState } from "../api";
import type { IconName, Tone } from "../parts";

interface Look {
  icon: IconName;
  tone: Tone;
  word: string;
  meaning: string;
}

export const ROW_STATES: Record<RowState, Look> = {
  live: { icon: "live", tone: "good", word: "Live", meaning: "Messages are coming." },
  once: { icon: "once", tone: "plain", word: "Once", meaning: "It came once, or all at once." },
  silent: { icon: "silent", tone: "warn", word: "Silent", meaning: "It came regularly, and stopped." },
  stale: {
    icon: "stale",
    tone: "warn",
    word: "Stale",
    meaning: "It comes, but the time in its header stands still.",
  },
  bad: {
    icon: "bad",
    tone: "bad",
    word: "Bad",
    meaning: "The last message is malformed, or its sender says that it is not valid.",
  },
};

export const CONNECTION_STATES: Record<Connection["state"], Look> = {
  connecting: { icon: "waiting", tone: "plain", word: "Connecting", meaning: "" },
  connected: { icon: "plug", tone: "good", word: "Connected", meaning: "" },
  waiting: { icon: "bad", tone: "warn", word: "Not connected", meaning: "It is tried again and again." },
  over: { icon: "over", tone: "plain", word: "Over", meaning: "No more will come." },
};

/** A rate of 0 is that of a silent row alone: of the others it is not known yet. */
export function known({ state }: Row, rate: number): number | null {
  return rate > 0 || state === "silent" ? rate : null;
}
