// Dark or light: what the machine prefers until somebody chooses; the choice is remembered.

import { signal } from "@preact/signals";

export type Theme = "dark" | "light";

const KEY = "igtl.theme";
const prefersLight = globalThis.matchMedia?.("(prefers-color-scheme: light)");

export const theme = signal<Theme>(remembered() ?? preferred());

/** Give the page its colours, now and whenever they change; who draws on canvases reads `colour`. */
export function startTheme(): void {
  theme.subscribe((now) => {
    document.documentElement.dataset.theme = now;
  });
  prefersLight?.addEventListener("change", () => {
    if (!remembered()) theme.value = preferred();
  });
}

export function switchTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEY, theme.value);
  } catch {
    // Private windows may keep nothing: it holds until the page is closed.
  }
}

/** A colour of theme.css as it is now, such as "accent" or "series-1": "#5fd0c5". */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** A colour for each of many lines and tools: eight, then anew. */
export function seriesColour(index: number): string {
  return colour(`series-${(index % 8) + 1}`);
}

function preferred(): Theme {
  return prefersLight?.matches ? "light" : "dark";
}

function remembered(): Theme | null {
  try {
    const choice = localStorage.getItem(KEY);
    return choice === "dark" || choice === "light" ? choice : null;
  } catch {
    return null;
  }
}
