// The coordinate frames of the scene: the graph between them, and the one in which all is shown.

import { bestFrame, Graph, type Lead } from "./graph";
import type { Memory } from "./memory";
import type { Tool } from "./tool";

/** Frames whose axes are the patient's, by their names. */
const PATIENT = new Set(["World", "RAS", "Patient", "CT", "MR", "MRI"]);

export class Frames {
  graph = new Graph();
  /** The frame in which all is shown; null before anything has a place. */
  root: string | null = null;
  private version = -1;

  constructor(private readonly memory: Memory) {
    this.begin();
  }

  /** Forget all transforms, such as when another server is there. */
  begin(): void {
    this.graph = new Graph();
    for (const [one, other] of this.memory.equal) this.graph.equate(one, other);
    this.root = null;
    this.version = -1;
  }

  /** Know where a tool is. A point, of which nobody knows how it is turned, places nothing else. */
  take({ news, pose, isThere, isPoint, isTrusted }: Tool): void {
    if (isThere && !isPoint) this.graph.set(news.from, news.to, pose, isTrusted);
  }

  /** Somebody says that two frames are one and the same. */
  equate(one: string, other: string): void {
    this.graph.equate(one, other);
    this.memory.equal = this.graph.equal();
  }

  /** Take back all that `equate` was told. */
  separate(): void {
    this.graph.separate();
    this.memory.equal = [];
  }

  /** Whether there are other ways since the last `choose`. */
  get isOther(): boolean {
    return this.version !== this.graph.version;
  }

  /**
   * Choose the frame in which all is shown, unless somebody has.
   *
   * @param things the frame of each thing.
   * @param now is kept where it is as good as the best; null chooses anew.
   */
  choose(things: readonly string[], now = this.root): void {
    for (const frame of things) this.graph.mention(frame);
    this.version = this.graph.version;
    this.root = this.memory.chosen ?? bestFrame(this.graph, things, now);
  }

  /** How a frame leads to the one that is shown, as known now. */
  lead(frame: string): Lead {
    return this.root === null ? "none" : this.graph.lead(frame, this.root);
  }

  /** Whether the axes of the shown frame are right, anterior, superior: only by its name. */
  get isPatient(): boolean {
    const { root } = this;
    if (root === null) return false;
    const pairs = this.graph.equal().filter((pair) => pair.includes(root));
    return [root, ...pairs.flat()].some((one) => PATIENT.has(one));
  }
}
