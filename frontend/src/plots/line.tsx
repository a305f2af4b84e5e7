// One line of the log.

import type { LogLine } from "../api";
import { format, Icon } from "../parts";
import { pieces, visible } from "./lines";

/** Characters; no window is wider. */
const MOST_OF_A_LINE = 1000;

interface LineParts {
  line: LogLine;
  isFull: boolean;
  isCurrent: boolean;
  isCopied: boolean;
  mark: () => void;
  copy: () => void;
}

const TONES = { info: "muted", warning: "is-warn", error: "is-bad" } as const;
const ICONS = { info: "info", warning: "bad", error: "bad" } as const;

export function Line({ line, isFull, isCurrent, isCopied, mark, copy }: LineParts) {
  const { n, time, type, device, level, text } = line;
  const state = `${isFull ? "is-full" : ""} ${isCurrent ? "is-current" : ""}`;
  return (
    <div class={`line ${level} ${state}`} data-n={n} onClick={mark}>
      <span class="line-time mono">{format.clock(time)}</span>
      <span class={`line-level ${TONES[level]}`} title={level}>
        <Icon name={ICONS[level]} />
        <span class={level === "info" ? "only-read-aloud" : undefined}>{level}</span>
      </span>
      <span class="line-device cut" title={visible(device)}>
        {visible(device)}
      </span>
      <span class="line-type cut muted">{type}</span>
      <span class="line-text mono">
        <Text text={isFull ? text : text.slice(0, MOST_OF_A_LINE)} />
      </span>
      <button
        type="button"
        class="line-copy"
        tabIndex={-1}
        aria-label="Copy line"
        title="Copy line (C)"
        onClick={copy}
      >
        <Icon name={isCopied ? "check" : "copy"} />
      </button>
    </div>
  );
}

/** Text of a peer: as text, never as markup. */
function Text({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map(({ text, isSign }, i) => (isSign ? <span key={i} class="sign">{text}</span> : text))}
    </>
  );
}
