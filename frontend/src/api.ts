// What travels between the server of `igtl view` and this page: JSON messages over /api/live,
// binary envelopes from /api/picture, /api/scene and /api/video. Times are unix seconds.

export type RowId = number;
/** "ROW", or "ROW:TOOL" for one tool of TDATA and QTDATA. */
export type ToolKey = string;

export interface Connection {
  id: number;
  endpoint: string;
  state: "connecting" | "connected" | "waiting" | "over";
  /** What people should know about it, and what to do. */
  text: string;
  address: string;
  profile: string;
  messages: number;
  bytes: number;
  /** Messages and bytes per second of late. */
  rate: number;
  bandwidth: number;
  errors: number;
}

export type RowState = "live" | "once" | "silent" | "stale" | "bad";

/** One type of one device of one connection. */
export interface Row {
  id: RowId;
  connection: number;
  type: string;
  device: string;
  version: number;
  /** Of its newest message; it goes on where `messages` begin anew, after a jump in a recording. */
  number: number;
  messages: number;
  bytes: number;
  rate: number;
  bandwidth: number;
  /** Seconds since the last message, when the board was sent. */
  age: number;
  /** Seconds from the header's time to the arrival; null without a time. */
  latency: number | null;
  /** Messages missing between those that came; null where they are not numbered. */
  drops: number | null;
  errors: number;
  state: RowState;
  note: string;
  /** What of it is not shown, such as tools beyond the first 200; "" for nothing. */
  left_out: string;
  summary: string;
}

export interface Tool {
  key: ToolKey;
  row: RowId;
  device: string;
  name: string;
  /** Coordinate frames: the pose takes points of `from` to `to`. */
  from: string;
  to: string;
  what: "pose" | "point" | "sensor";
  unit: string;
}

/** Key, time, the upper 3x4 of the matrix row by row (mm), status ("" and "OK" are valid). */
export type PoseSample = [ToolKey, number, number[], string];
export type SensorSample = [RowId, number, (number | null)[]];

export interface LogLine {
  n: number;
  time: number;
  row: RowId | null;
  type: string;
  device: string;
  level: "info" | "warning" | "error";
  text: string;
}

export interface Hello {
  kind: "hello";
  version: string;
  /** Another one for each start of igtl view: row ids, counts and lines are of that one. */
  server: string;
  title: string;
  mode: "live" | "file";
  /** Unix s: now, or when that was recorded which is played now. So are all times. */
  clock: number;
  h264: boolean;
  jpeg: boolean;
  /** Whether this browser runs on the server's machine. */
  near: boolean;
  can_record: boolean;
}

export interface Board {
  kind: "board";
  time: number;
  /** Whether all rows are in it; otherwise those that changed. */
  complete: boolean;
  connections: Connection[];
  rows: Row[];
}

export interface Playback {
  kind: "playback";
  file: string;
  /** Seconds since the recording's start, as are start and end. */
  position: number;
  /** When that was recorded, unix s. */
  clock: number;
  start: number;
  end: number;
  paused: boolean;
  /** Null is as fast as can be. */
  speed: number | null;
  loop: boolean;
  loops: number;
  over: boolean;
}

export interface RecordingState {
  kind: "recording";
  state: "off" | "on" | "failed";
  path: string;
  seconds: number;
  bytes: number;
  messages: number;
  dropped: number;
  /** Bytes left on the disk. */
  free: number;
  text: string;
}

export type LiveMessage =
  | Hello
  | Board
  | { kind: "tools"; tools: Tool[] }
  | { kind: "poses"; samples: PoseSample[] }
  | { kind: "sensors"; samples: SensorSample[] }
  | { kind: "log"; lines: LogLine[] }
  | Playback
  /** A recording goes on elsewhere: what was shown of before is of another time. */
  | { kind: "jump"; clock: number }
  | RecordingState
  | { kind: "trouble"; text: string };

export type Wish =
  | { do: "pause" }
  | { do: "resume" }
  | { do: "seek"; position: number }
  | { do: "speed"; speed: number | null }
  | { do: "loop"; loop: boolean }
  | { do: "record" }
  | { do: "stop_recording" };

export interface MessageDetails {
  row: RowId;
  received: number;
  header: { version: number; type: string; device: string; time: number | null; size: number };
  metadata: Record<string, unknown>;
  text: string;
  fields: Record<string, unknown>;
  error: string | null;
}

export type ScalarType =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "float32"
  | "float64";

export interface PictureHead {
  seq: number;
  time: number | null;
  received: number;
  width: number;
  height: number;
  components: 1 | 3 | 4;
  dtype: ScalarType;
  format: "raw" | "jpeg" | "h264" | "sent";
  key?: boolean;
  codec?: string;
  /** Row by row: (column, row, 0, 1), centres of pixels, to mm RAS of `frame`. */
  matrix: number[];
  device: string;
  frame: string;
  range?: [number, number];
  volume: { size: [number, number, number]; axis: "i" | "j" | "k"; slice: number } | null;
  skipped: number;
}

export interface SceneArray {
  name: string;
  dtype: "float32" | "uint32";
  shape: number[];
  offset: number;
  on: "points" | "cells";
  range: [number, number];
}

export interface ScenePoint {
  name: string;
  group: string;
  position: [number, number, number];
  /** Red, green, blue, opacity; 0 to 255. */
  color: [number, number, number, number];
  diameter: number;
}

export interface SceneTrajectory {
  name: string;
  group: string;
  entry: [number, number, number];
  target: [number, number, number];
  color: [number, number, number, number];
  diameter: number;
}

export interface SceneHead {
  seq: number;
  type: "POINT" | "TRAJ" | "POLYDATA";
  device: string;
  frame: string;
  points?: ScenePoint[];
  trajectories?: SceneTrajectory[];
  bounds?: [number, number, number, number, number, number];
  arrays?: SceneArray[];
}

export interface Envelope<Head> {
  head: Head;
  /** Starts at a multiple of 8 bytes of its buffer. */
  payload: Uint8Array;
}

/** Take an envelope apart, without a copy. Throws a RangeError or SyntaxError on anything else. */
export function opened<Head>(buffer: ArrayBuffer): Envelope<Head> {
  const size = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, size))) as Head;
  return { head, payload: new Uint8Array(buffer, 4 + size) };
}

/** The values of a raw picture, or of an array of a scene, where they lie in memory. */
export function typed(payload: Uint8Array, dtype: ScalarType, offset = 0, length?: number) {
  const kinds = {
    uint8: Uint8Array,
    int8: Int8Array,
    uint16: Uint16Array,
    int16: Int16Array,
    uint32: Uint32Array,
    int32: Int32Array,
    float32: Float32Array,
    float64: Float64Array,
  } as const;
  const Kind = kinds[dtype];
  const count = length ?? (payload.byteLength - offset) / Kind.BYTES_PER_ELEMENT;
  return new Kind(payload.buffer as ArrayBuffer, payload.byteOffset + offset, count);
}

const token = new URLSearchParams(globalThis.location?.search ?? "").get("token");

/** The address of something of the server, this page's token included. */
export function address(path: string, parameters: Record<string, string | number> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) query.set(name, String(value));
  if (token) query.set("token", token);
  return query.size ? `${path}?${query}` : path;
}

/** The same for a WebSocket. */
export function socketAddress(path: string, parameters: Record<string, string> = {}): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${address(path, parameters)}`;
}
