// The devices that tell of one tool, such as TRANSFORM and TDATA of one tracker. They should agree.

import type { Row, RowId, Tool as ToolNews, ToolKey } from "../api";
import { connections, rows } from "../store";
import { applied, identity, type Matrix, type Vector } from "./matrix";

/** One device, and the last pose that it sent. */
interface Source {
  readonly news: ToolNews;
  readonly pose: Matrix;
  /** When it came, s; -Infinity before. */
  time: number;
  isValid: boolean;
  /** Whether the device has stopped, or sends the same over and over. */
  isSilent: boolean;
}

/** Poses agree that are not further apart than a tool goes between them, mm and mm/s. */
const APART_MM = 5;
const FAST_MM_S = 2000;
/** So far from the origin turns are compared, mm. */
const REACH_MM = 100;

export class Sources {
  private readonly sources = new Map<ToolKey, Source>();

  add(news: ToolNews): void {
    if (this.sources.has(news.key)) return;
    const none = { time: -Infinity, isValid: true, isSilent: false };
    this.sources.set(news.key, { news, pose: identity(), ...none });
  }

  get keys(): ToolKey[] {
    return [...this.sources.keys()];
  }

  /** Names of the devices, in order of appearance. */
  get devices(): string[] {
    return [...new Set([...this.sources.values()].map((source) => this.nameOf(source)))];
  }

  get areSilent(): boolean {
    return [...this.sources.values()].every(({ isSilent }) => isSilent);
  }

  /** @param isLost says that nothing comes from any of them for now. */
  setRows(rows: ReadonlyMap<RowId, Row>, isLost: boolean): void {
    for (const source of this.sources.values()) {
      const state = rows.get(source.news.row)?.state;
      source.isSilent = isLost || state === "silent" || state === "stale";
    }
  }

  /** What one of them sent. */
  take(key: ToolKey, time: number, pose: Matrix, isValid: boolean): void {
    const source = this.sources.get(key);
    if (!source) return;
    Object.assign(source, { time, isValid });
    source.pose.set(pose);
  }

  /** Who contradicts the newest pose, for people; "" where all agree. */
  quarrel(): string {
    const live = [...this.sources.values()].filter((one) => !one.isSilent && one.time > -Infinity);
    live.sort((a, b) => b.time - a.time);
    const [newest, ...others] = live;
    const other = others.find((one) => !agree(newest!, one));
    return other ? [newest!, other].map((one) => this.nameOf(one)).sort().join(" and ") : "";
  }

  /** What people call its device: with the server, where there are several. */
  private nameOf({ news }: Source): string {
    const origins = [...this.sources.values()].map((one) => rows.value.get(one.news.row)?.connection);
    if (new Set(origins).size < 2) return news.device;
    return `${news.device} of ${endpointOf(rows.value.get(news.row))}`;
  }
}

/** Which server a row is of. */
export function endpointOf(row: Row | undefined): string {
  return connections.value.find(({ id }) => id === row?.connection)?.endpoint ?? "a connection of before";
}

/** Whether two of them say the same, as far as their poses are of one time. */
function agree(a: Source, b: Source): boolean {
  if (a.isValid !== b.isValid) return false;
  if (!a.isValid) return true;
  const most = APART_MM + FAST_MM_S * Math.abs(a.time - b.time);
  const ends: readonly Vector[] = [[0, 0, 0], [REACH_MM, 0, 0], [0, REACH_MM, 0]];
  return ends.every((end) => {
    const [p, q] = [applied(a.pose, ...end), applied(b.pose, ...end)];
    return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) <= most;
  });
}
