// A panel with nothing in it, for all panels alike: first what keeps everything away, if anything does.

import type { ComponentChildren } from "preact";
import { Empty, type IconName } from "../parts";
import { connections, hello, linkState, rows } from "../store";

interface NothingParts {
  icon: IconName;
  title: string;
  /** What this panel waits for, where messages could come. */
  text: string;
  /** What else can be done about that. */
  children?: ComponentChildren;
}

export function Nothing({ icon, title, text, children }: NothingParts) {
  const obstacle = whyNothing();
  const isFile = hello.value?.mode === "file";
  return (
    <Empty icon={icon} title={title} text={obstacle || text}>
      {!obstacle && children}
      {!isFile && (
        <p>
          To see it work: <code>igtl demo --open</code>
        </p>
      )}
    </Empty>
  );
}

/** Why nothing at all can come now; "" where it could. */
function whyNothing(): string {
  if (linkState.value !== "open") return "It begins when igtl view answers and sends what it gets.";
  if (hello.value?.mode === "file") {
    return rows.value.size ? "" : "Play the recording, or move along its timeline below.";
  }
  const isAway = connections.value.every(({ state }) => state !== "connected");
  return isAway ? connections.value.map(({ text }) => text).find(Boolean) ?? "" : "";
}
