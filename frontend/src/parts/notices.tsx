// What a panel says: a state in a word, a number with its name, or why there is nothing to see.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

export type Tone = "plain" | "good" | "warn" | "bad" | "accent";

/** A word in a pill. Never by colour alone: the word says it too. */
export function Badge(parts: { text: string; tone?: Tone; icon?: IconName; title?: string }) {
  const { text, tone = "plain", icon, title } = parts;
  return (
    <span class={`badge is-${tone}`} title={title}>
      {icon && <Icon name={icon} />}
      {text}
    </span>
  );
}

/** A value that changes in place, with its name. */
export function Readout(parts: { label: string; value: string; tone?: Tone; title?: string }) {
  const { label, value, tone = "plain", title } = parts;
  return (
    <span class="readout" title={title}>
      <span class="readout-label">{label}</span>
      <span class={`readout-value is-${tone}`}>{value}</span>
    </span>
  );
}

interface EmptyParts {
  icon?: IconName;
  title: string;
  text: string;
  /** What to do: a sentence, a command in <code>, a button. */
  children?: ComponentChildren;
}

/** A panel with nothing in it: what is missing, why, and what to do. */
export function Empty({ icon, title, text, children }: EmptyParts) {
  return (
    <div class="empty" role="status">
      {icon && <Icon name={icon} />}
      <span class="empty-title">{title}</span>
      <p>{text}</p>
      {children && <div class="what-to-do">{children}</div>}
    </div>
  );
}

/** The same for what went wrong. */
export function Failure({ title, text, children }: EmptyParts) {
  return (
    <div class="empty" role="alert">
      <Icon name="bad" class="is-bad" />
      <span class="empty-title">{title}</span>
      <p>{text}</p>
      {children && <div class="what-to-do">{children}</div>}
    </div>
  );
}
