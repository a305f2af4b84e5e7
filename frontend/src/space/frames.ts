// The coordinate frames of the scene: the graph between them, and the one in which all is shown.

import type { PoseSample, Tool as ToolNews } from "../api";
import { bestFrame, Graph, onlyRoom } from "./graph";
import type { Memory } from "./memory";

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

  take([, , twelve]: PoseSample, { from, to }: ToolNews, isValid: boolean): void {
    this.graph.set(from, to, twelve, isValid);
  }

  /** Somebody says that two frames are one and the same. */
  equate(one: string, other: string): void {
    this.graph.equate(one, other);
    this.memory.equal = this.graph.equal();
  }

  /** Take back all that `equate` was told, and assume nothing from now on. */
  separate(): void {
    this.graph.separate();
    this.memory.equal = [];
    this.memory.mayAssume = false;
  }

  /** Whether there are other ways since the last `choose`. */
  get isOther(): boolean {
    return this.version !== this.graph.version;
  }

  /**
   * Choose the frame in which all is shown, unless somebody has.
   *
   * @param things the frame of each thing.
   */
  choose(things: readonly string[]): void {
    for (const frame of things) this.graph.mention(frame);
    this.assume();
    this.version = this.graph.version;
    this.root = this.memory.chosen ?? bestFrame(this.graph, things, this.root);
  }

  /**
   * Whether the axes of the shown frame are right, anterior, superior.
   *
   * @param pictures the frames that pictures are placed in: those are, by the protocol.
   */
  isPatient(pictures: readonly string[]): boolean {
    const { root } = this;
    if (root === null) return false;
    const pairs = this.graph.equal().filter((pair) => pair.includes(root));
    return [root, ...pairs.flat()].some((one) => PATIENT.has(one) || pictures.includes(one));
  }

  /** Take World and the only other frame that stands still as one, and only as long as it is. */
  private assume(): void {
    if (!this.memory.mayAssume || this.memory.equal.length) return;
    const room = onlyRoom(this.graph);
    const now = this.graph.equal()[0]?.[1] ?? null;
    if (room === now) return;
    this.graph.separate();
    if (room !== null) this.graph.equate("World", room);
  }
}
