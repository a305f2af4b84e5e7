// Things to press and to choose from. Each has a name for those who listen or who only have keys.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

interface ButtonParts {
  /** What it does; shown, unless `hideLabel`, and read aloud. */
  label: string;
  icon?: IconName;
  hideLabel?: boolean;
  /** More than the label says; shown when the pointer rests on it. */
  title?: string;
  kind?: "plain" | "bare" | "strong";
  class?: string;
  disabled?: boolean;
  onClick: () => void;
}

/** A button. With `hideLabel` it shows its icon alone. */
export function Button(parts: ButtonParts) {
  return <button {...attributes(parts)}>{inside(parts)}</button>;
}

/** A button that is on or off. */
export function Toggle(parts: ButtonParts & { on: boolean }) {
  return (
    <button {...attributes(parts)} aria-pressed={parts.on}>
      {inside(parts)}
    </button>
  );
}

function attributes(parts: ButtonParts) {
  const { label, hideLabel, title, kind = "plain", disabled = false, onClick } = parts;
  return {
    type: "button" as const,
    class: `button ${kind} ${hideLabel ? "only-icon" : ""} ${parts.class ?? ""}`,
    title: title ?? (hideLabel ? label : undefined),
    "aria-label": hideLabel ? label : undefined,
    disabled,
    onClick,
  };
}

function inside({ label, icon, hideLabel }: ButtonParts) {
  return (
    <>
      {icon && <Icon name={icon} />}
      {!hideLabel && <span>{label}</span>}
    </>
  );
}

export interface Choice {
  value: string;
  label: string;
  /** Why it cannot be chosen; "" or none where it can. */
  whyNot?: string;
}

interface SelectParts {
  label: string;
  hideLabel?: boolean;
  value: string;
  choices: readonly Choice[];
  title?: string;
  disabled?: boolean;
  onChange: (value: string) => void;
}

/** One of several. */
export function Select(parts: SelectParts) {
  const { label, hideLabel, value, choices, title, disabled = false, onChange } = parts;
  return (
    <label class="labelled" title={title}>
      <span class={hideLabel ? "only-read-aloud" : undefined}>{label}</span>
      <select
        class="select"
        value={value}
        disabled={disabled}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {choices.map((choice) => (
          <option
            key={choice.value}
            value={choice.value}
            disabled={Boolean(choice.whyNot)}
            title={choice.whyNot || undefined}
          >
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The row of controls at the top of a panel. `<span class="spring" />` pushes the rest right. */
export function Toolbar({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="toolbar" role="group" aria-label={label}>
      {children}
    </div>
  );
}
