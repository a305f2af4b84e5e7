// What is shown, as a table for other programs: one line for each sample of each source.

import { INVALID, type Sink, type Track } from "./track";
import type { Group, Plot } from "./series";

/** What a spreadsheet would take for a formula when it begins a text. */
const FORMULA = /^[=+\-@\t\r]/;

/** Text as a cell: quoted where needed, and never a formula. */
export function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

interface Entry {
  time: number;
  name: string;
  /** "" is a sample; "low" and "high" are of a tenth of a second before the newest minute or so. */
  kind: string;
  cells: string[];
}

/** All samples of the lines that are not hidden, from `from` to `to` (unix s), by time. */
export function csv(
  groups: readonly Group[],
  hidden: ReadonlySet<string>,
  from: number,
  to: number,
): string {
  const plots = groups.flatMap((group) => group.plots);
  const entries = groups.flatMap((group) =>
    group.sources
      .filter(({ id }) => !hidden.has(id))
      .flatMap(({ id, name }) => entriesOf(plots, id, name, from, to)),
  );
  entries.sort((a, b) => a.time - b.time);
  const heads = plots.map(({ title, unit }) => cell(unit ? `${title} (${unit})` : title));
  const lines = [["Time (unix s)", "Time (UTC)", "Name", "Kind", ...heads].join(",")];
  for (const { time, name, kind, cells } of entries) {
    const utc = new Date(time * 1000).toISOString();
    lines.push([time.toFixed(6), utc, cell(name), kind, ...cells].join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

function entriesOf(plots: Plot[], id: string, name: string, from: number, to: number): Entry[] {
  const entries = new Map<string, Entry>();
  plots.forEach((plot, column) => {
    for (const { track, channel } of plot.lines.filter((line) => line.id === id)) {
      const write = (time: number, kind: string, value: number) => {
        const key = `${time} ${kind}`;
        let entry = entries.get(key);
        if (!entry) entries.set(key, (entry = { time, name, kind, cells: plots.map(() => "") }));
        // Scaled values lose what is due to arithmetic: 0.0421 s are 42.1 ms.
        if (value === value) entry.cells[column] = String(Number((value * plot.scale).toPrecision(15)));
      };
      track.visit(channel, from, to, 0, new Rows(track, from, to, write));
    }
  });
  return [...entries.values()];
}

class Rows implements Sink {
  constructor(
    private readonly track: Track,
    private readonly from: number,
    private readonly to: number,
    private readonly write: (time: number, kind: string, value: number) => void,
  ) {}

  add(time: number, low: number, high: number, flags: number): void {
    if (time < this.from || time > this.to) return;
    if (time < this.track.fullFrom) {
      // Buckets are kept with single precision.
      this.write(time, "low", Number(low.toPrecision(7)));
      this.write(time, "high", Number(high.toPrecision(7)));
    } else this.write(time, flags & INVALID ? "invalid" : "", low);
  }
}
