// The second row of controls: window and level, turning and flipping, and how pictures come.

import { Select, Toolbar } from "../parts";
import type { Cell, Turning } from "./cell";
import { GlyphToggle } from "./glyphs";
import { type Levels, presetsFor } from "./levels";
import type { PictureStream } from "./stream";
import { type Choice, type Way, WAY_NAMES } from "./ways";

const TURNINGS = [
  { value: "auto", label: "Auto" },
  { value: "matrix", label: "By matrix" },
  { value: "sent", label: "As sent" },
];
const WAYS: readonly Way[] = ["sent", "h264", "jpeg", "raw"];

export function Adjusting({ cell }: { cell: Cell }) {
  const stream = cell.stream.value;
  if (!stream) return null;
  const { look } = stream;
  return (
    <Toolbar label="Adjust the picture">
      <LevelControls stream={stream} />
      <span class="together">
        <GlyphToggle
          glyph="flip-across"
          label="Flip horizontally"
          title="Flip horizontally (X)"
          on={cell.isFlippedAcross.value}
          onClick={() => (cell.isFlippedAcross.value = !cell.isFlippedAcross.value)}
        />
        <GlyphToggle
          glyph="flip-down"
          label="Flip vertically"
          title="Flip vertically (Y)"
          on={cell.isFlippedDown.value}
          onClick={() => (cell.isFlippedDown.value = !cell.isFlippedDown.value)}
        />
        <Select
          label="Orient"
          title="Auto shows volumes the usual way by their matrix, flat pictures as they were sent"
          value={cell.turning.value}
          choices={TURNINGS}
          onChange={(value) => (cell.turning.value = value as Turning)}
        />
      </span>
      <Select
        label="Format"
        title="Auto takes video as it was sent, else raw on one machine, and H.264 for large streams over a network"
        value={look.choice.value}
        choices={[
          { value: "auto", label: "Auto" },
          ...WAYS.map((way) => ({ value: way, label: WAY_NAMES[way], whyNot: stream.whyNot(way) })),
        ]}
        onChange={(value) => (look.choice.value = value as Choice)}
      />
    </Toolbar>
  );
}

function LevelControls({ stream }: { stream: PictureStream }) {
  const { look } = stream;
  const dtype = stream.shape.value?.dtype ?? "uint8";
  const presets = presetsFor(dtype);
  const levels = look.levels.value;
  const named = presets.find((preset) => isSame(preset.levels, look.chosen.value));
  const value = look.chosen.value ? (named?.name ?? "custom") : "auto";
  const choices = [
    { value: "auto", label: "Auto" },
    ...presets.map(({ name }) => ({ value: name, label: name })),
    ...(value === "custom" ? [{ value, label: "Custom" }] : []),
  ];
  const choose = (wanted: string) => {
    const preset = presets.find(({ name }) => name === wanted);
    if (preset) look.chosen.value = preset.levels;
    else if (wanted === "auto") look.reset(stream.picture);
  };
  return (
    <span class="together levels">
      <Select
        label="Contrast"
        hideLabel
        title="Window and level: which values are black and white"
        value={value}
        choices={choices}
        onChange={choose}
      />
      <NumberEntry
        label="Window"
        value={levels.window}
        onChange={(window) => window > 0 && (look.chosen.value = { ...levels, window })}
      />
      <NumberEntry
        label="Level"
        value={levels.level}
        onChange={(level) => (look.chosen.value = { ...levels, level })}
      />
    </span>
  );
}

function isSame(a: Levels, b: Levels | null): boolean {
  return b !== null && a.window === b.window && a.level === b.level;
}

interface NumberEntryParts {
  label: string;
  value: number;
  onChange: (value: number) => void;
}

function NumberEntry({ label, value, onChange }: NumberEntryParts) {
  return (
    <label class="labelled">
      {label}
      <input
        class="entry number level-entry"
        type="number"
        step="any"
        value={Number(value.toPrecision(4))}
        onChange={(event) => {
          const typed = event.currentTarget.valueAsNumber;
          if (Number.isFinite(typed)) onChange(typed);
          event.currentTarget.value = String(Number(value.toPrecision(4)));
        }}
      />
    </label>
  );
}
