// What was sent over the last minutes, for Plots: a track for each tool, each row of the board and
// each sensor. It takes memory for a track when its source first appears, up to MOST_BYTES in all.

import type { PoseSample, Row, RowId, SensorSample, Tool, ToolKey } from "../api";
import { INVALID, Track } from "./track";

/** Seconds that can be looked back at. */
export const KEPT_S = 15 * 60;
/** Enough for 79 tools, or for 64 tools and 97 rows of the board. */
const MOST_BYTES = 64 << 20;
/** Values of a SENSOR message that are kept; further ones are not. */
const MOST_SENSOR_VALUES = 16;

export const POSE = { x: 0, y: 1, z: 2, angle: 3, speed: 4 } as const;
export const BOARD = { rate: 0, latency: 1, bandwidth: 2 } as const;
/** Channels; and for the board, which comes 4 times a second, 17 minutes without buckets. */
const POSE_SIZE: [number] = [5];
const BOARD_SIZE: [number, number, number] = [3, 4096, 0];
/** Speed is measured over at least so long, so that arrival times that jitter do not show. */
const SPEED_S = 0.1;

export class History {
  readonly tools = new Map<ToolKey, Track>();
  readonly boards = new Map<RowId, Track>();
  readonly sensors = new Map<RowId, Track>();
  /** Grows with whatever is added: nothing changed while it stays. */
  changes = 0;
  /** Sources there was no memory for. */
  readonly refused = new Set<string>();
  /** Whose tracks these are. A server that was started anew may number its rows differently. */
  private readonly names = new Map<Track, string>();
  private readonly toolNames = new Map<ToolKey, string>();
  private bytes = 0;
  /** Whether nothing could be dropped to make room: looked for once for each message of the server. */
  private isFull = false;
  private readonly numbers = new Float64Array(POSE_SIZE[0]);

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** Learn whose the keys of poses and sensors are. */
  takeTools(tools: Iterable<Tool>): void {
    for (const { key, row, device, name, what } of tools) {
      this.toolNames.set(key, `${row} ${what} ${device} ${name}`);
    }
    this.changes += 1;
  }

  /** Keep poses; those with a status other than "" and "OK" leave a gap that is marked. */
  takePoses(samples: readonly PoseSample[]): void {
    this.isFull = false;
    for (const [key, time, matrix, status] of samples) {
      const track = this.trackOf(this.tools, key, this.toolNames.get(key) ?? "", POSE_SIZE);
      if (!track) continue;
      if (status !== "" && status !== "OK") track.pushInvalid(time, status);
      else this.takePose(track, time, matrix);
    }
    this.changes += 1;
  }

  takeSensors(samples: readonly SensorSample[]): void {
    this.isFull = false;
    for (const [row, time, values] of samples) {
      const channels = Math.min(Math.max(values.length, 1), MOST_SENSOR_VALUES);
      const known = this.sensors.get(row);
      if (known && known.channels < channels) this.drop(this.sensors, row);
      const name = this.toolNames.get(String(row)) ?? "";
      this.trackOf(this.sensors, row, name, [known ? Math.max(channels, known.channels) : channels])
        ?.push(time, values);
    }
    this.changes += 1;
  }

  /** Keep rate (1/s), latency (s) and bandwidth (B/s) of all rows, as of `time`. */
  takeBoard(time: number, rows: Iterable<Row>): void {
    this.isFull = false;
    for (const row of rows) {
      const { id, connection, type, device, rate, latency, bandwidth, state } = row;
      const track = this.trackOf(this.boards, id, `${connection} ${type} ${device}`, BOARD_SIZE);
      // A latency is of the last message: that of a silent row is over.
      // A rate of 0 is that of a silent one alone: of the others it is not known yet.
      const isKnown = rate > 0 || state === "silent";
      track?.push(time, [isKnown ? rate : null, state === "silent" ? null : latency, isKnown ? bandwidth : null]);
    }
    this.changes += 1;
  }

  /** Times of the oldest and newest samples, in unix s; NaN while there are none. */
  span(): [number, number] {
    let oldest = NaN;
    let newest = NaN;
    for (const tracks of [this.tools, this.boards, this.sensors]) {
      for (const track of tracks.values()) {
        if (!(oldest <= track.oldest)) oldest = track.oldest;
        if (!(newest >= track.newest)) newest = track.newest;
      }
    }
    return [Math.max(oldest, newest - KEPT_S), newest];
  }

  /** Forget all samples: what comes is of another time. */
  clear(): void {
    for (const tracks of [this.tools, this.boards, this.sensors]) {
      for (const track of tracks.values()) track.clear();
    }
    this.changes += 1;
  }

  private takePose(track: Track, time: number, m: readonly number[]): void {
    const numbers = this.numbers;
    numbers[POSE.x] = m[3]!;
    numbers[POSE.y] = m[7]!;
    numbers[POSE.z] = m[11]!;
    numbers[POSE.angle] = angleOf(m);
    numbers[POSE.speed] = speedOf(track, time, numbers);
    track.push(time, numbers);
  }

  /** The track of a key that belongs to `name`; null where there is no memory for one. */
  private trackOf<Key>(
    tracks: Map<Key, Track>,
    key: Key,
    name: string,
    size: ConstructorParameters<typeof Track>,
  ): Track | null {
    const known = tracks.get(key);
    if (known && this.names.get(known) === name) return known;
    if (known) this.drop(tracks, key);
    const bytes = Track.bytes(...size);
    const hasRoom = () => this.bytes + bytes <= this.mostBytes;
    if (!hasRoom() && !this.isFull) this.dropOld();
    this.isFull = !hasRoom();
    const title = `${name} ${String(key)}`;
    if (this.isFull) {
      this.refused.add(title);
      return null;
    }
    this.refused.delete(title);
    const track = new Track(...size);
    this.bytes += track.bytes;
    this.names.set(track, name);
    tracks.set(key, track);
    return track;
  }

  private drop<Key>(tracks: Map<Key, Track>, key: Key): void {
    const track = tracks.get(key)!;
    this.bytes -= track.bytes;
    this.names.delete(track);
    tracks.delete(key);
  }

  /** Make room: drop what has nothing left to show. */
  private dropOld(): void {
    const oldest = this.span()[1] - KEPT_S;
    const all: Map<unknown, Track>[] = [this.tools, this.boards, this.sensors];
    for (const tracks of all) {
      for (const [key, track] of tracks) if (track.newest < oldest) this.drop(tracks, key);
    }
  }
}

/** The angle of a rotation about its own axis, in degrees, 0 to 180; upper 3x4 row by row. */
export function angleOf(m: readonly number[]): number {
  const cosine = (m[0]! + m[5]! + m[10]! - 1) / 2;
  // The sine keeps small angles exact, which the cosine alone does not.
  const sine = Math.hypot(m[9]! - m[6]!, m[2]! - m[8]!, m[4]! - m[1]!) / 2;
  return (Math.atan2(sine, cosine) * 180) / Math.PI;
}

/** Speed of a tool that is at `place` now, in mm/s; NaN where nothing is known of just before. */
function speedOf(track: Track, time: number, place: Float64Array): number {
  for (let back = 0; back < track.count; back++) {
    const passed = time - track.timeBack(back);
    const flags = track.flagsBack(back);
    if (flags & INVALID || passed > track.silence + SPEED_S) return NaN;
    if (passed <= 0 || (passed < SPEED_S && !flags)) continue;
    const dx = place[POSE.x]! - track.back(back, POSE.x);
    const dy = place[POSE.y]! - track.back(back, POSE.y);
    const dz = place[POSE.z]! - track.back(back, POSE.z);
    return Math.hypot(dx, dy, dz) / passed;
  }
  return NaN;
}
