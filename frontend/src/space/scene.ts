// All that has a place, drawn in one chosen coordinate frame.

import { colour, seriesColour } from "../parts";
import type { PoseSample, Row, RowId, Tool as ToolNews, ToolKey } from "../api";
import { painted } from "../meter";
import { Cast, titleOf, type Entry } from "./cast";
import { parsed } from "./colours";
import { Frames } from "./frames";
import { Gestures, type Place } from "./gestures";
import { reason } from "./graph";
import { ink, write, type Ink } from "./letters";
import { identity, type Vector } from "./matrix";
import type { Memory } from "./memory";
import { Sight } from "./sight";
import { Stage, type Projection } from "./stage";
import { Tool } from "./tool";
import { Trails } from "./trail";
import type { View } from "./viewpoint";

const HOVER_PIXELS = 26;
const RAS = ["R", "L", "A", "P", "S", "I"];
const XYZ = ["x", "", "y", "", "z", ""];
/** As which row the meter counts frames with a new pose; rows of the board begin at 0. */
const METER_ROW = -1;

export class Scene {
  readonly stage: Stage;
  readonly cast: Cast;
  readonly frames: Frames;
  readonly sight: Sight;
  selected: string | null = null;
  hovered: string | null = null;

  private readonly gestures: Gestures;
  private readonly trails = new Trails();
  private readonly matrix = identity();
  private ink: Ink = ink();
  private isOther = true;
  /** As of the graph, when trails were begun. */
  private ways = 0;
  /** When the newest pose came that was drawn, s. */
  private drawnTime = 0;

  /**
   * @param host holds the canvases and has the focus for keys.
   * @param memory is read, and kept up to date.
   * @param changed is called when there are other things, or they are shown otherwise.
   * @throws NoGraphics without WebGL 2.
   */
  constructor(
    host: HTMLElement,
    readonly memory: Memory,
    private readonly changed: () => void,
  ) {
    this.stage = new Stage(host, this.prepare, this.annotate);
    const { renderer, viewpoint } = this.stage;
    this.frames = new Frames(memory);
    this.cast = new Cast(renderer, memory, () => this.other(), () => this.stage.request());
    this.sight = new Sight(this.stage, this.cast, memory);
    renderer.addActor(this.trails.solid.actor);
    this.gestures = new Gestures(host, viewpoint, this.touched, this.hover, this.click);
    this.restyle();
  }

  get root(): string | null {
    return this.frames.root;
  }

  /** Take the colours of the page as they are now. */
  restyle(): void {
    this.ink = ink();
    this.cast.tools().forEach((tool, i) => tool.paint(seriesColour(i)));
    this.sight.floor.setColour(parsed(colour("line")));
    this.stage.setBackground(parsed(colour("background")));
  }

  setTools(tools: ReadonlyMap<ToolKey, ToolNews>): void {
    this.cast.setTools(tools);
  }

  /** @param isLost says that nothing comes from any of them for now. */
  setRows(rows: ReadonlyMap<RowId, Row>, isLost: boolean): void {
    this.cast.setRows(rows, isLost);
    if (!this.cast.entries.size) this.frames.begin();
    // Who fell silent is not to be trusted any more, nor what it places.
    for (const tool of this.cast.tools()) this.frames.take(tool);
    this.stage.check();
  }

  takePoses(samples: readonly PoseSample[]): void {
    for (const sample of samples) {
      const tool = this.cast.takePose(sample);
      if (tool) this.frames.take(tool);
    }
    this.stage.check();
  }

  /** Something is another: draw it, and tell who shows lists of it. */
  other(): void {
    this.isOther = true;
    this.stage.request();
  }

  // ------------------------------------------------------- what people want

  /** Change how something is shown. */
  change(id: string, wish: { wanted?: boolean; opacity?: number }): void {
    const entry = this.cast.entries.get(id);
    if (!entry) return;
    const { item, wanted, opacity } = Object.assign(entry, wish);
    item.setWanted?.(wanted);
    item.setOpacity(opacity);
    this.memory.shown.set(titleOf(item), { wanted, opacity });
    this.other();
  }

  /** Show all in this frame; null: in the one in which most can be shown. */
  choose(frame: string | null): void {
    this.memory.chosen = frame;
    this.other();
  }

  setTrail(seconds: number): void {
    this.memory.trail = seconds;
    for (const { trail } of this.cast.tools()) trail.setSeconds(seconds);
    this.other();
  }

  setFloor(isShown: boolean): void {
    this.memory.hasFloor = isShown;
    this.sight.floor.setShown(isShown);
    this.other();
  }

  select(id: string | null): void {
    this.selected = id;
    this.other();
  }

  follow(id: string | null): void {
    this.sight.follow(id);
    this.other();
  }

  look(view: View): void {
    this.sight.look(view);
    this.fit();
  }

  fit(): void {
    this.place();
    this.sight.fit();
  }

  /** Why something that is wanted is not shown, or not to be trusted; "" where all is well. */
  why({ item, wanted, note }: Entry): string {
    if (note || !wanted) return note;
    if (!item.isThere) return "nothing has come yet";
    const { root } = this;
    return root !== null && this.frames.lead(item.frame) === "none" ? reason(item.frame, root) : "";
  }

  /** Where something is drawn, mm in the frame that is shown; null where it is not. */
  position(id: string): Vector | null {
    const entry = this.cast.find(id);
    const solid = entry?.isShown && entry.item.solids[0];
    if (!solid) return null;
    const m = solid.actor.getMatrix() as unknown as number[];
    return [m[3]!, m[7]!, m[11]!];
  }

  dispose(): void {
    this.sight.dispose();
    this.cast.dispose();
    this.trails.solid.dispose();
    this.gestures.dispose();
    this.stage.dispose();
  }

  // ---------------------------------------------------------- before a frame

  private readonly prepare = (): boolean => {
    const isOther = this.isOther || this.frames.isOther;
    if (isOther) this.arrange();
    const moved = this.place();
    if (moved || isOther) this.trails.draw(this.shownTools().map(({ trail }) => trail));
    if (isOther) this.sight.settle();
    const went = this.sight.prepare();
    if (isOther) this.changed();
    return moved || isOther || went;
  };

  /** The ways that tools went begin anew. */
  clearTrails(): void {
    for (const { trail } of this.cast.tools()) trail.clear();
  }

  /** See what there is now, and in which frame it can be shown. */
  private arrange(): void {
    this.isOther = false;
    this.cast.enter();
    const there = [...this.cast.entries.values()].filter(({ item }) => item.isThere);
    const before = this.root;
    const { ways } = this.frames.graph;
    const isNewWay = ways !== this.ways;
    // What was best before transforms came may not be so with them.
    const now = isNewWay && !this.sight.isTouched ? null : before;
    this.frames.choose(there.map(({ item }) => item.frame), now);
    if (this.root !== before || isNewWay) this.clearTrails();
    this.ways = ways;
    if (this.root !== before) this.changeFrame(before, this.root);
  }

  private changeFrame(before: string | null, root: string | null): void {
    if (before === null || root === null) return;
    const { matrix } = this;
    const isOnTheWay = this.frames.graph.matrix(before, root, matrix) !== "none";
    if (!isOnTheWay) this.place();
    this.sight.carry(isOnTheWay ? matrix : null);
  }

  private place(): boolean {
    let moved = false;
    for (const entry of this.cast.entries.values()) if (this.placeOne(entry)) moved = true;
    return moved;
  }

  private placeOne(entry: Entry): boolean {
    const { item, wanted } = entry;
    const { root, matrix } = this;
    const canBe = root !== null && item.isThere;
    const lead = canBe ? this.frames.graph.matrix(item.frame, root, matrix) : "none";
    const isShown = wanted && lead !== "none";
    const moved = isShown && item.place(matrix, lead);
    if (isShown === entry.isShown) return moved;
    entry.isShown = isShown;
    item.setShown(isShown);
    return true;
  }

  // ------------------------------------------------------- after it, and between

  private readonly annotate = (projection: Projection): void => {
    const labels = this.cast.shown().flatMap(({ item }) => {
      const strong = item.id === this.selected || item.id === this.hovered;
      return item.labels().map((label) => ({ ...label, strong }));
    });
    write(this.stage, projection, labels, this.frames.isPatient ? RAS : XYZ, this.ink);
    this.count();
  };

  /** Tell the meter of a frame with a pose that was not drawn before. */
  private count(): void {
    const newest = Math.max(0, ...this.shownTools().map(({ time }) => time));
    if (newest !== this.drawnTime && newest) painted(METER_ROW, newest);
    this.drawnTime = newest;
  }

  private readonly touched = (): void => {
    this.sight.touch();
    this.stage.hurry();
  };

  private readonly hover = (place: Place | null): void => {
    const id = place && this.near(place);
    if (id === this.hovered) return;
    this.hovered = id;
    this.other();
  };

  private readonly click = (place: Place): void => this.select(this.near(place));

  /** The tool whose tip is seen there. */
  private near({ x, y }: Place): string | null {
    const projection = this.stage.projection();
    let [nearest, least] = [null as string | null, HOVER_PIXELS];
    for (const tool of this.shownTools()) {
      const [px, py, depth] = projection(...tool.position());
      const distance = Math.hypot(px - x, py - y);
      if (Math.abs(depth) <= 1 && distance < least) [nearest, least] = [tool.id, distance];
    }
    return nearest;
  }

  private shownTools(): Tool[] {
    return this.cast.shown().flatMap(({ item }) => (item instanceof Tool ? [item] : []));
  }
}
