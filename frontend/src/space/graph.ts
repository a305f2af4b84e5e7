// Coordinate frames and the transforms between them. A pose of "ProbeToTracker" takes points of
// Probe to Tracker: an edge of a graph, which can be walked both ways. What is drawn is taken to
// one chosen frame along the fewest edges; through poses that are not valid only where no other
// way leads, and through what a person said only where no pose leads.

import { identity, invert, isPose, multiply, read, type Matrix } from "./matrix";

/** How one frame leads to another: by valid poses, by doubtful ones, or not at all. */
export type Lead = "valid" | "doubtful" | "none";

interface Edge {
  from: string;
  to: string;
  matrix: Matrix;
  inverse: Matrix;
  /** Whether the newest pose was valid, and is not one of a device that fell silent. */
  valid: boolean;
  /** Whether a person said that both frames are one. */
  given: boolean;
}

interface Step {
  matrix: Matrix;
  valid: boolean;
}

const scratch = identity();
const ONE = identity();

export class Graph {
  /** Grows when there is a new frame or another way; poses alone do not change it. */
  version = 0;
  /** Grows when transforms appear, or what people said: what is placed by them may jump. */
  ways = 0;
  private readonly edges = new Map<string, Edge>();
  private readonly near = new Map<string, Edge[]>();
  private readonly paths = new Map<string, Step[] | null>();

  /** Take a pose: the upper three rows, mm. What is no pose changes nothing. */
  set(from: string, to: string, twelve: ArrayLike<number>, valid: boolean): void {
    if (from === to || !read(twelve, scratch) || !isPose(scratch)) return;
    const edge = this.edges.get(`${from}\n${to}`) ?? this.added(from, to);
    edge.matrix.set(scratch);
    invert(edge.matrix, edge.inverse);
    if (edge.valid === valid) return;
    edge.valid = valid;
    this.changed();
  }

  /** Somebody says that two frames are one and the same. */
  equate(one: string, other: string): void {
    if (one === other || this.edges.has(given(one, other))) return;
    Object.assign(this.added(one, other, given(one, other)), { valid: true, given: true });
    this.changed();
  }

  /** Take back all that `equate` was told. */
  separate(): void {
    for (const [key, edge] of this.edges) {
      if (!edge.given) continue;
      this.edges.delete(key);
      this.ways += 1;
      for (const frame of [edge.from, edge.to]) {
        this.near.set(frame, this.near.get(frame)!.filter((other) => other !== edge));
      }
    }
    this.changed();
  }

  /** Pairs of frames that were said to be one. */
  equal(): [string, string][] {
    return [...this.edges.values()].filter((e) => e.given).map((e) => [e.from, e.to]);
  }

  /** Make a frame known that no transform has named so far. */
  mention(frame: string): void {
    if (this.near.has(frame)) return;
    this.near.set(frame, []);
    this.changed();
  }

  /** In order of appearance. */
  frames(): string[] {
    return [...this.near.keys()];
  }

  /** Whether a pose says where this frame is in another one. */
  isPlaced(frame: string): boolean {
    return (this.near.get(frame) ?? []).some((edge) => edge.from === frame && !edge.given);
  }

  /** For each frame the number of its group: within one, transforms lead from each to each. */
  groups(): Map<string, number> {
    const groups = new Map<string, number>();
    for (const start of this.near.keys()) {
      if (groups.has(start)) continue;
      const members = new Set([start]);
      for (const frame of members) {
        for (const { from, to } of this.near.get(frame)!) members.add(from).add(to);
      }
      const number = groups.size;
      for (const frame of members) groups.set(frame, number);
    }
    return groups;
  }

  lead(from: string, to: string): Lead {
    const path = this.path(from, to);
    if (!path) return "none";
    return path.every((step) => step.valid) ? "valid" : "doubtful";
  }

  /** What takes points of one frame to another one, by the newest poses. */
  matrix(from: string, to: string, into: Matrix): Lead {
    const path = this.path(from, to);
    if (!path) return "none";
    into.set(ONE);
    let lead: Lead = "valid";
    for (const step of path) {
      multiply(step.matrix, into, into);
      if (!step.valid) lead = "doubtful";
    }
    return lead;
  }

  private added(from: string, to: string, key = `${from}\n${to}`): Edge {
    this.mention(from);
    this.mention(to);
    const ways = { matrix: identity(), inverse: identity() };
    const edge = { from, to, ...ways, valid: false, given: false };
    this.edges.set(key, edge);
    this.ways += 1;
    this.near.get(from)!.push(edge);
    this.near.get(to)!.push(edge);
    return edge;
  }

  private changed(): void {
    this.version += 1;
    this.paths.clear();
  }

  private path(from: string, to: string): Step[] | null {
    const key = `${from}\n${to}`;
    let path = this.paths.get(key);
    if (path === undefined) {
      path =
        this.search(from, to, (edge) => edge.valid && !edge.given) ??
        this.search(from, to, (edge) => !edge.given) ??
        this.search(from, to, (edge) => edge.valid) ??
        this.search(from, to, () => true);
      this.paths.set(key, path);
    }
    return path;
  }

  /** Breadth first: the first way found has the fewest edges. */
  private search(from: string, to: string, usable: (edge: Edge) => boolean): Step[] | null {
    const ways = new Map<string, Step[]>([[from, []]]);
    for (const [frame, way] of ways) {
      if (frame === to) return way;
      for (const edge of this.near.get(frame) ?? []) {
        if (!usable(edge)) continue;
        const next = edge.from === frame ? edge.to : edge.from;
        if (ways.has(next)) continue;
        const matrix = edge.from === frame ? edge.matrix : edge.inverse;
        ways.set(next, [...way, { matrix, valid: edge.valid }]);
      }
    }
    return null;
  }
}

function given(one: string, other: string): string {
  return `${one}\n${other}\ngiven`;
}

/** Why something of a frame cannot be shown in another one, and what to do. */
export function reason(from: string, to: string): string {
  return `no transform leads from ${from} to ${to}`;
}

/**
 * The frame in which most things can be shown. Among equals: the one that is shown already, then
 * one that nothing places in another frame (a room or a tracker rather than a tool), then the one
 * that most things are given in.
 *
 * @param things the frame of each thing.
 */
export function bestFrame(
  graph: Graph,
  things: readonly string[],
  now: string | null = null,
): string | null {
  const groups = graph.groups();
  const scored = graph.frames().map((frame) => ({
    frame,
    scores: [
      things.filter((thing) => groups.get(thing) === groups.get(frame)).length,
      frame === now ? 1 : 0,
      graph.isPlaced(frame) ? 0 : 1,
      things.filter((thing) => thing === frame).length,
    ],
  }));
  scored.sort((a, b) => difference(b.scores, a.scores));
  return scored[0]?.frame ?? null;
}

function difference(a: readonly number[], b: readonly number[]): number {
  return a.map((score, i) => score - b[i]!).find((by) => by !== 0) ?? 0;
}
