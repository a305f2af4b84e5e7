// Small drawings on a grid of 16, drawn with lines in the colour of the text around them.

const paths = {
  menu: "M2.5 4h11M2.5 8h11M2.5 12h11",
  close: "M4 4l8 8M12 4l-8 8",
  right: "M6 3.5L10.5 8L6 12.5",
  down: "M3.5 6L8 10.5L12.5 6",
  fold: "M4.5 2.5L8 6l3.5-3.5M4.5 13.5L8 10l3.5 3.5",
  unfold: "M4.5 6L8 2.5 11.5 6M4.5 10L8 13.5l3.5-3.5",
  check: "M3 8.5l3.2 3.2L13 5",
  plug: "M6 2v3.5M10 2v3.5M4 5.5h8V8a4 4 0 0 1-8 0zM8 12v2.5",
  waiting: "M8 2a6 6 0 1 1-6 6M8 5v3.2l2.2 1.6",
  over: "M3 8h10M8 2a6 6 0 1 0 .01 0",
  live: "M1.5 8.5h3l2-5 3 9 2-4h3",
  once: "M8 6.2a1.8 1.8 0 1 0 .01 0",
  silent: "M8 2a6 6 0 1 0 .01 0M4 12L12 4",
  stale: "M8 2a6 6 0 1 0 .01 0M8 4.8V8H5.6",
  bad: "M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1",
  info: "M8 2a6 6 0 1 0 .01 0M8 7.4v3.6M8 5v.1",
  play: "M5 3.2v9.6L12.5 8z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  record: "M8 4.2a3.8 3.8 0 1 0 .01 0",
  stop: "M4.5 4.5h7v7h-7z",
  loop: "M3 8.5V7a2.5 2.5 0 0 1 2.5-2.5H13M11 2.5l2 2-2 2M13 7.5V9a2.5 2.5 0 0 1-2.5 2.5H3M5 13.5l-2-2 2-2",
  sun: "M8 5a3 3 0 1 0 .01 0M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  help: "M8 2a6 6 0 1 0 .01 0M6.3 6.4a1.7 1.7 0 1 1 2.6 1.5c-.6.4-.9.7-.9 1.4M8 11.3v.1",
  copy: "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
  search: "M7 2.5a4.5 4.5 0 1 0 .01 0M10.3 10.3l3.2 3.2",
  image: "M2.5 3h11v10h-11zM2.5 11l3.5-3.5 3 3 1.5-1.5 3 3M10.5 5.5v.1",
  space: "M8 2l5.5 3v6L8 14l-5.5-3V5zM8 8l5.5-3M8 8v6M8 8L2.5 5",
  plot: "M2.5 2.5v11h11M4.5 10.5l3-4 2.5 2.5 3-5",
  log: "M3 4h10M3 8h10M3 12h6",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  camera: "M2 5h3l1-1.5h4L11 5h3v8H2zM8 6.5a2.2 2.2 0 1 0 .01 0",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 .01 0",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  save: "M8 2.5v7M5 7l3 3 3-3M2.5 13.5h11",
} as const;

export type IconName = keyof typeof paths;

const FILLED: ReadonlySet<IconName> = new Set(["play", "record", "stop", "once"]);

/** A drawing beside a text; it says nothing to those who listen instead of looking. */
export function Icon({ name, class: more = "" }: { name: IconName; class?: string }) {
  return (
    <svg class={`icon ${more}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} fill={FILLED.has(name) ? "currentColor" : undefined} />
    </svg>
  );
}
