// Coordinate frames and the transforms between them. A pose of "ProbeToTracker" takes points of
// Probe to Tracker: an edge of a graph, which can be walked both ways. What is drawn is taken to
// one chosen frame along the fewest edges; through poses that are not valid only where no other
// way leads.

import { determinant, identity, invert, multiply, read, type Matrix } from "./matrix";

/** How one frame leads to another: by valid poses, by doubtful ones, or not at all. */
export type Lead = "valid" | "doubtful" | "none";

interface Edge {
  from: string;
  to: string;
  matrix: Matrix;
  inverse: Matrix;
  /** Whether the pose was valid when it was sent last. */
  valid: boolean;
  /** Whether it can be walked from `to` to `from`. */
  returns: boolean;
  /** Whether a person said that both frames are one. */
  given: boolean;
}

interface Step {
  matrix: Matrix;
  valid: boolean;
}

const SMALLEST_DETERMINANT = 1e-12;
const scratch = identity();
const ONE = identity();

export class Graph {
  /** Grows when there is a new frame or another way; poses alone do not change it. */
  version = 0;
  private readonly edges = new Map<string, Edge>();
  private readonly near = new Map<string, Edge[]>();
  private readonly paths = new Map<string, Step[] | null>();

  /** Take a pose: the upper three rows, mm. False where its numbers are none: it is left out. */
  set(from: string, to: string, twelve: ArrayLike<number | null>, valid: boolean): boolean {
    if (from === to || !read(twelve, scratch)) return false;
    const edge = this.edges.get(`${from}\n${to}`) ?? this.added(from, to);
    edge.matrix.set(scratch);
    const returns = Math.abs(determinant(edge.matrix)) > SMALLEST_DETERMINANT;
    if (returns) invert(edge.matrix, edge.inverse);
    if (edge.valid !== valid || edge.returns !== returns) {
      Object.assign(edge, { valid, returns });
      this.changed();
    }
    return true;
  }

  /** Somebody says that two frames are one and the same. */
  equate(one: string, other: string): void {
    if (one === other || this.edges.has(`${one}\n${other}`)) return;
    Object.assign(this.added(one, other), { valid: true, returns: true, given: true });
    this.changed();
  }

  /** Take back all that `equate` was told. */
  separate(): void {
    for (const [key, edge] of this.edges) {
      if (!edge.given) continue;
      this.edges.delete(key);
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

  private added(from: string, to: string): Edge {
    this.mention(from);
    this.mention(to);
    const ways = { matrix: identity(), inverse: identity() };
    const edge = { from, to, ...ways, valid: false, returns: false, given: false };
    this.edges.set(`${from}\n${to}`, edge);
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
      path = this.search(from, to, (edge) => edge.valid) ?? this.search(from, to, () => true);
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
        const isBack = edge.from !== frame;
        if (ways.has(next) || (isBack && !edge.returns)) continue;
        const matrix = isBack ? edge.inverse : edge.matrix;
        ways.set(next, [...way, { matrix, valid: edge.valid }]);
      }
    }
    return null;
  }
}

/** Why something of a frame cannot be shown in another one, and what to do. */
export function reason(from: string, to: string): string {
  return `no transform leads from ${from} to ${to}`;
}

/**
 * What places nothing in any other frame is taken to stand in the world, as 3D Slicer does: a
 * device called "Ultrasound" names no frame, and "ProbeToTracker" does not say where the tracker
 * is. Only where there is one such frame besides World; with more of them, nobody can know.
 */
export function onlyRoom(graph: Graph): string | null {
  const rooms = graph.frames().filter((frame) => !graph.isPlaced(frame));
  const others = rooms.filter((frame) => frame !== "World");
  return rooms.length === 2 && others.length === 1 ? others[0]! : null;
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
  const scored = graph.frames().map((frame) => ({
    frame,
    scores: [
      things.filter((thing) => graph.lead(thing, frame) !== "none").length,
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
