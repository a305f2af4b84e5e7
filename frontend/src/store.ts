// What the page knows, as signals that components read. `take` is given every message of /api/live.
// Poses and sensor values come too often for signals: who draws them listens with `onPoses`.

import { batch, signal } from "@preact/signals";
import type {
  Board,
  Connection,
  Hello,
  LiveMessage,
  LogLine,
  Playback,
  PoseSample,
  RecordingState,
  Row,
  RowId,
  SensorSample,
  Tool,
  ToolKey,
  Wish,
} from "./api";

export type LinkState = "connecting" | "open" | "lost";

export const linkState = signal<LinkState>("connecting");
export const hello = signal<Hello | null>(null);
export const connections = signal<Connection[]>([]);
/** In order of appearance. */
export const rows = signal<ReadonlyMap<RowId, Row>>(new Map());
export const tools = signal<ReadonlyMap<ToolKey, Tool>>(new Map());
export const playback = signal<Playback | null>(null);
export const recording = signal<RecordingState | null>(null);
export const log = signal<readonly LogLine[]>([]);
/** The newest thing that went wrong; whoever shows it empties it. */
export const trouble = signal("");
/** The server's time of the newest board. */
export const boardTime = signal(0);
/** The row whose details are shown. */
export const selected = signal<RowId | null>(null);

const MOST_LINES = 2000;
/** The number of the last line that came: also after the log was cleared. */
let newestLine = -1;

/** The newest pose of each tool, not a signal. */
export const newestPoses = new Map<ToolKey, PoseSample>();

/** When each row was heard last, unix s by the server's clock. */
const heard = new Map<RowId, number>();

/** Seconds since the last message of a row, as of the newest board: rows that sent nothing are not
 * in it, and grow older all the same. */
export function ageOf(row: RowId): number | null {
  const last = heard.get(row);
  return last === undefined ? null : Math.max(0, boardTime.value - last);
}

type Listener<T> = (samples: T[]) => void;
const poseListeners = new Set<Listener<PoseSample>>();
const sensorListeners = new Set<Listener<SensorSample>>();
const boardListeners = new Set<(time: number) => void>();
const jumpListeners = new Set<() => void>();

/** Be called with all new poses; returns what ends it. */
export function onPoses(listener: Listener<PoseSample>): () => void {
  poseListeners.add(listener);
  return () => poseListeners.delete(listener);
}

export function onSensors(listener: Listener<SensorSample>): () => void {
  sensorListeners.add(listener);
  return () => sensorListeners.delete(listener);
}

/** Be called after each board that says something new, with its time: `rows` has the rates and
 * latencies then. */
export function onBoard(listener: (time: number) => void): () => void {
  boardListeners.add(listener);
  return () => boardListeners.delete(listener);
}

/** Be called when a recording goes on elsewhere. */
export function onJump(listener: () => void): () => void {
  jumpListeners.add(listener);
  return () => jumpListeners.delete(listener);
}

/** The server's clock: it was `time` when this machine's was `since`, goes at `speed`, up to `end`.
 * All in s. */
let clock = { time: 0, since: 0, speed: 1, end: Infinity };

/** Unix seconds by the server's clock; of a recording, when that was recorded which is shown. */
export function serverNow(): number {
  return Math.min(clock.time + (hereNow() - clock.since) * clock.speed, clock.end);
}

function hereNow(): number {
  return (performance.timeOrigin + performance.now()) / 1000;
}

function setClock(time: number, speed: number, end = Infinity): void {
  clock = { time, since: hereNow(), speed, end };
}

function follow({ clock, position, end, paused, over, speed }: Playback): void {
  setClock(clock, paused || over || speed === null ? 0 : speed, clock + end - position);
}

export function take(message: LiveMessage): void {
  switch (message.kind) {
    case "hello":
      if (hello.value && hello.value.server !== message.server) forget();
      hello.value = message;
      // On one machine both clocks are one; the way of the message would only add an error.
      if (message.mode === "file") setClock(message.clock, 0);
      else setClock(message.near ? hereNow() : message.clock, 1);
      break;
    case "board": {
      const isNews = message.time !== boardTime.peek() || message.rows.length > 0;
      batch(() => takeBoard(message));
      if (isNews) for (const listener of boardListeners) listener(message.time);
      break;
    }
    case "tools": {
      const known = new Map(tools.value);
      for (const tool of message.tools) known.set(tool.key, tool);
      tools.value = known;
      break;
    }
    case "poses":
      for (const sample of message.samples) newestPoses.set(sample[0], sample);
      for (const listener of poseListeners) listener(message.samples);
      break;
    case "sensors":
      for (const listener of sensorListeners) listener(message.samples);
      break;
    case "log":
      takeLines(message.lines);
      break;
    case "playback":
      playback.value = message;
      follow(message);
      break;
    case "jump":
      clock = { ...clock, time: message.clock, since: hereNow() };
      log.value = [];
      newestLine = -1;
      for (const listener of jumpListeners) listener();
      break;
    case "recording":
      recording.value = message;
      break;
    case "trouble":
      trouble.value = ""; // the same text again is news too
      trouble.value = message.text;
      break;
  }
}

function takeBoard(message: Board): void {
  const known = new Map(message.complete ? [] : connections.value.map((one) => [one.id, one]));
  for (const connection of message.connections) known.set(connection.id, connection);
  connections.value = [...known.values()];

  const all = new Map(message.complete ? [] : rows.value);
  if (message.complete) heard.clear();
  for (const row of message.rows) {
    all.set(row.id, row);
    heard.set(row.id, message.time - row.age);
  }
  rows.value = all;
  boardTime.value = message.time;
  const shown = selected.value;
  if (message.complete && shown !== null && !all.has(shown)) selected.value = null;
}

/** Who connects again is told lines that are known already. */
function takeLines(lines: LogLine[]): void {
  const fresh = lines.filter(({ n }) => n > newestLine);
  if (!fresh.length) return;
  newestLine = fresh.at(-1)!.n;
  log.value = [...log.value, ...fresh].slice(-MOST_LINES);
}

/** Another server tells of other things: nothing of before holds. */
function forget(): void {
  batch(() => {
    connections.value = [];
    rows.value = new Map();
    tools.value = new Map();
    log.value = [];
    newestLine = -1;
    newestPoses.clear();
    heard.clear();
    playback.value = null;
    recording.value = null;
  });
}

/** Ask the server for something; `link.ts` sets how. */
export let wish: (what: Wish) => void = () => {};

export function setWish(send: (what: Wish) => void): void {
  wish = send;
}
