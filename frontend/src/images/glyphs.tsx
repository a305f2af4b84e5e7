// Drawings of this panel's own buttons, on the grid of parts/icons.

const paths = {
  "flip-across": "M8 2v12M6 4.5L2 11.5h4zM10 4.5l4 7h-4z",
  "flip-down": "M2 8h12M4.5 6L11.5 2v4zM4.5 10l7 4v-4z",
  levels: "M8 2.5a5.5 5.5 0 1 0 .01 0M8 2.5v11M8 5h3.5M8 8h5M8 11h3.5",
  "one-cell": "M3 3h10v10H3z",
  "two-cells": "M2.5 3.5h11v9h-11zM8 3.5v9",
  "four-cells": "M3 3h10v10H3zM8 3v10M3 8h10",
} as const;

type GlyphName = keyof typeof paths;

interface GlyphButtonParts {
  glyph: GlyphName;
  label: string;
  title?: string;
  on: boolean;
  onClick: () => void;
}

/** A button that is on or off, shown as a drawing. */
export function GlyphToggle({ glyph, label, title, on, onClick }: GlyphButtonParts) {
  return (
    <button
      type="button"
      class="button only-icon"
      aria-label={label}
      title={title ?? label}
      aria-pressed={on}
      onClick={onClick}
    >
      <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={paths[glyph]} />
      </svg>
    </button>
  );
}
