// Lines of the log: which are shown, and how their text is made safe to look at.

import type { LogLine } from "../api";
import { clock } from "../parts/format";

export interface Filter {
  /** Words, or a regular expression between slashes: "/port \d+/". */
  text: string;
  type: string;
  device: string;
  /** The least level that is shown. */
  level: LogLine["level"];
}

export const ALL: Filter = { text: "", type: "", device: "", level: "info" };

const LEVELS = { info: 0, warning: 1, error: 2 } as const;
/** Only so much of a line is searched: expressions can take very long on long texts. */
const MOST_SEARCHED = 4000;

/** Those lines that pass the filter, in order. Throws a SyntaxError for a wrong expression. */
export function filtered(lines: readonly LogLine[], filter: Filter): readonly LogLine[] {
  const matches = matcher(filter.text);
  const { type, device } = filter;
  const least = LEVELS[filter.level];
  if (!filter.text && !type && !device && least === 0) return lines;
  return lines.filter(
    (line) =>
      LEVELS[line.level] >= least &&
      (!type || line.type === type) &&
      (!device || line.device === device) &&
      matches(line),
  );
}

/** Whether a line has the text in its device, type or text: all words in any case, or the expression. */
function matcher(text: string): (line: LogLine) => boolean {
  const expression = /^\/(.+)\/([a-z]*)$/s.exec(text.trim());
  if (expression) {
    // "g" and "y" would make the answer depend on the last one.
    const pattern = new RegExp(expression[1]!, expression[2]!.replace(/[gy]/g, ""));
    return (line) => pattern.test(searched(line));
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (line) => {
    const all = searched(line).toLowerCase();
    return words.every((word) => all.includes(word));
  };
}

function searched(line: LogLine): string {
  return `${line.device} ${line.type} ${line.text.slice(0, MOST_SEARCHED)}`;
}

/** What a text could hide or do: control characters, and those that turn the writing around. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;
const SIGNS: Record<string, string> = { "\t": "\u21e5", "\n": "\u21b5", "\0": "\u27e8NUL\u27e9", "\u001b": "\u27e8ESC\u27e9" };

/** The text with a sign for each such character: a tab is "⇥", the end of a line "↵", ESC "⟨ESC⟩". */
export function visible(text: string): string {
  return text.replace(HIDDEN, sign);
}

export interface Piece {
  text: string;
  isSign: boolean;
}

/** The same in pieces, so that signs can be told from what was sent; lines end where the text's do. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > end) found.push({ text: text.slice(end, match.index), isSign: false });
    end = match.index + 1;
    found.push({ text: sign(match[0]) + (match[0] === "\n" ? "\n" : ""), isSign: true });
  }
  if (end < text.length) found.push({ text: text.slice(end), isSign: false });
  return found;
}

function sign(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return SIGNS[character] ?? `\u27e8U+${code}\u27e9`;
}

/** A line as plain text: time, device, type, level, text, between tabs. */
export function plain(line: LogLine): string {
  const { time, device, type, level, text } = line;
  return [clock(time), visible(device), type, level, visible(text)].join("\t");
}

/** All values of a field, sorted, for a choice. */
export function valuesOf(lines: readonly LogLine[], field: "type" | "device"): string[] {
  return [...new Set(lines.map((line) => line[field]))].filter(Boolean).sort();
}
