// What can be plotted of what came: plots below each other, each with its lines.

import type { Connection, Row, RowId, Tool, ToolKey } from "../api";
import * as format from "../parts/format";
import { BOARD, type History, POSE } from "./history";
import type { Track } from "./track";

export type Quantity =
  | "position"
  | "rotation"
  | "speed"
  | "sensors"
  | "rate"
  | "latency"
  | "bandwidth";

export const QUANTITIES: readonly { id: Quantity; label: string; title: string }[] = [
  { id: "position", label: "Position", title: "x, y and z of tools, in mm" },
  { id: "rotation", label: "Rotation", title: "Angle of tools' rotation, in degrees" },
  { id: "speed", label: "Speed", title: "Speed of tools, in mm/s" },
  { id: "sensors", label: "Sensors", title: "Values of SENSOR messages" },
  { id: "rate", label: "Rate", title: "Messages per second of each device" },
  { id: "latency", label: "Latency", title: "From the time in the header to the arrival" },
  { id: "bandwidth", label: "Bandwidth", title: "Bytes per second of each device" },
];

export interface Line {
  /** Of the source: lines with one id, in several plots, are shown and hidden together. */
  id: string;
  track: Track;
  channel: number;
}

export interface Plot {
  id: string;
  title: string;
  /** Short, with the unit unless `text` says it: the head of a column in the legend. */
  label: string;
  unit: string;
  /** Values are multiplied by it before they are shown. */
  scale: number;
  /** The least that the axis spans, in its unit; and whether it always reaches down to zero. */
  least: number;
  fromZero: boolean;
  lines: Line[];
  text(value: number): string;
  /** The unit for an axis that reaches to `most`, and what its numbers are multiplied by. */
  axis(most: number, unit: string): Axis;
}

export interface Axis {
  unit: string;
  factor: number;
}

/** The rows of one table of the legend, and the plots that are its columns. */
export interface Group {
  title: string;
  plots: Plot[];
  sources: Source[];
}

export interface Source {
  id: string;
  name: string;
  /** More about it, shown when the pointer rests on it. */
  title: string;
  /** What decides its colour. */
  color: string;
  track: Track;
  /** What tells it apart from others of its name. */
  more: string[];
}

export interface Known {
  history: History;
  tools: ReadonlyMap<ToolKey, Tool>;
  rows: ReadonlyMap<RowId, Row>;
  connections: readonly Connection[];
}

/** Plots of the chosen quantities, in groups with a table of the legend each; empty ones left out. */
export function grouped(known: Known, chosen: ReadonlySet<Quantity>): Group[] {
  const tools = toolSources(known);
  const boards = boardSources(known);
  const groups = [
    group("Tools", tools, toolPlots(chosen)),
    ...(chosen.has("sensors") ? sensorGroups(known) : []),
    group("Devices", boards, boardPlots(chosen)),
  ];
  return groups.filter(({ plots, sources }) => plots.length && sources.length);
}

type Form = Omit<Plot, "lines"> & { channel: number };

function group(title: string, sources: Source[], forms: Form[]): Group {
  const plots = forms.map(({ channel, ...form }) => ({
    ...form,
    lines: sources.map(({ id, track }) => ({ id, track, channel })),
  }));
  return { title, sources, plots };
}

function toolPlots(chosen: ReadonlySet<Quantity>): Form[] {
  const fixed = (digits: number) => (value: number) => format.fixed(value, digits);
  const form = { scale: 1, fromZero: false, axis: plain };
  const forms: Form[] = [];
  if (chosen.has("position")) {
    for (const id of ["x", "y", "z"] as const) {
      const names = { id, title: `Position ${id}`, label: `${id} mm`, unit: "mm" };
      forms.push({ ...form, ...names, least: 0.5, channel: POSE[id], text: fixed(2) });
    }
  }
  if (chosen.has("rotation")) {
    const names = { id: "angle", title: "Rotation", label: "angle \u00b0", unit: "\u00b0" };
    forms.push({ ...form, ...names, least: 1, channel: POSE.angle, text: fixed(1) });
  }
  if (chosen.has("speed")) {
    const names = { id: "speed", title: "Speed", label: "speed mm/s", unit: "mm/s" };
    forms.push({ ...form, ...names, least: 1, fromZero: true, channel: POSE.speed, text: fixed(1) });
  }
  return forms;
}

function boardPlots(chosen: ReadonlySet<Quantity>): Form[] {
  const form = { scale: 1, fromZero: true, least: 1, axis: plain };
  const rate = { id: "rate", title: "Rate", label: "rate", unit: "1/s", channel: BOARD.rate };
  const latency = { id: "latency", title: "Latency", label: "latency", unit: "ms", channel: BOARD.latency };
  const bandwidth = { id: "bandwidth", title: "Bandwidth", label: "bandwidth", unit: "B/s", channel: BOARD.bandwidth };
  const forms: Form[] = [
    { ...form, ...rate, text: format.perSecond },
    { ...form, ...latency, scale: 1e3, text: (value) => format.delay(value / 1e3) },
    { ...form, ...bandwidth, least: 1000, axis: thousands, text: format.bandwidth },
  ];
  return forms.filter(({ id }) => chosen.has(id as Quantity));
}

function plain(_most: number, unit: string): Axis {
  return { unit, factor: 1 };
}

/** kB/s, MB/s or GB/s where an axis reaches so far. */
function thousands(most: number, unit: string): Axis {
  const power = Math.min(Math.max(Math.floor(Math.log10(Math.max(most, 1)) / 3), 0), 3);
  return { unit: `${["", "k", "M", "G"][power]}${unit}`, factor: 1000 ** -power };
}

function toolSources({ history, tools, rows, connections }: Known): Source[] {
  const sources: Source[] = [];
  for (const tool of tools.values()) {
    const track = history.tools.get(tool.key);
    if (!track || tool.what === "sensor") continue;
    const row = rows.get(tool.row);
    const endpoint = endpointOf(row, connections);
    const who = `${row?.type ?? ""} ${tool.device} of ${endpoint}`.trim();
    const title = `${who}, from ${tool.from} to ${tool.to}`;
    const name = tool.name || tool.device;
    const more = [tool.device, endpoint, row?.type ?? ""];
    sources.push({ id: `tool ${tool.key}`, name, title, color: tool.key, track, more });
  }
  return distinct(sources);
}

function boardSources({ history, rows, connections }: Known): Source[] {
  const sources: Source[] = [];
  for (const row of rows.values()) {
    const track = history.boards.get(row.id);
    if (!track) continue;
    const endpoint = endpointOf(row, connections);
    const title = `${row.type} ${row.device} of ${endpoint}`;
    const more = [endpoint, row.type];
    sources.push({ id: `row ${row.id}`, name: row.device || row.type, title, color: String(row.id), track, more });
  }
  return distinct(sources);
}

/** One group for each unit. */
function sensorGroups({ history, tools, rows, connections }: Known): Group[] {
  const units = new Map<string, { sources: Source[]; lines: Line[] }>();
  for (const tool of tools.values()) {
    const track = history.sensors.get(tool.row);
    if (!track || tool.what !== "sensor") continue;
    const found = units.get(tool.unit) ?? { sources: [], lines: [] };
    units.set(tool.unit, found);
    const device = tool.name || tool.device;
    const endpoint = endpointOf(rows.get(tool.row), connections);
    const title = `SENSOR ${tool.device} of ${endpoint}`;
    const more = [endpoint];
    for (let c = 0; c < track.channels; c++) {
      const name = track.channels > 1 ? `${device} [${c}]` : device;
      const id = `sensor ${tool.row} ${c}`;
      const color = c ? `${tool.key} ${c}` : tool.key;
      found.sources.push({ id, name, title, color, track, more });
      found.lines.push({ id, track, channel: c });
    }
  }
  return [...units].map(([unit, { sources, lines }]) => ({
    title: "Sensors",
    sources: distinct(sources),
    plots: [sensorPlot(unit, lines)],
  }));
}

function sensorPlot(unit: string, lines: Line[]): Plot {
  const names = { id: `sensor ${unit}`, title: "Sensors", label: unit || "value", unit };
  return { ...names, scale: 1, least: 1e-6, fromZero: false, axis: plain, lines, text: significant };
}

/** Up to seven digits, without zeros at the end. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return "\u2013";
  return String(Number(value.toPrecision(7))).replace("-", "\u2212");
}

function endpointOf(row: Row | undefined, connections: readonly Connection[]): string {
  return connections.find(({ id }) => id === row?.connection)?.endpoint ?? "";
}

/** Add to names that are there twice what tells them apart, as little as will do. */
function distinct(sources: Source[]): Source[] {
  for (let i = 0; i < 3; i++) {
    const kinds = new Map<string, Set<string | undefined>>();
    for (const { name, more } of sources) kinds.set(name, (kinds.get(name) ?? new Set()).add(more[i]));
    for (const source of sources) {
      const more = source.more[i];
      if (more && more !== source.name && kinds.get(source.name)!.size > 1) source.name += ` ${more}`;
    }
  }
  return sources;
}
