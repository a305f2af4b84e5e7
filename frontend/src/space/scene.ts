// All that has a place, drawn in one chosen coordinate frame.

import { colour, seriesColour } from "../parts";
import type { PoseSample, Row, RowId, Tool as ToolNews, ToolKey } from "../api";
import { Cast, type Entry } from "./cast";
import { parsed } from "./colours";
import { Floor } from "./floor";
import { Frames } from "./frames";
import { Gestures, type Place } from "./gestures";
import { reason } from "./graph";
import { ink, write, type Ink } from "./letters";
import { identity, type Vector } from "./matrix";
import type { Memory } from "./memory";
import { Settling } from "./settling";
import { Stage, type Projection } from "./stage";
import { Tool } from "./tool";
import { around, diagonal, type Bounds, type View } from "./viewpoint";

const HOVER_PIXELS = 26;
const LEAST_TOOL_MM = 4;
const USUAL_TOOL_MM = 40;
const MOST_TOOL_MM = 150;
/** How long a tool's axis is, as a part of the scene's diagonal. */
const TOOL_PART = 0.1;
const RAS = ["R", "L", "A", "P", "S", "I"];
const XYZ = ["x", "", "y", "", "z", ""];

export class Scene {
  readonly stage: Stage;
  readonly cast: Cast;
  readonly frames: Frames;
  /** The tool that the viewpoint goes along with. */
  following: ToolKey | null = null;
  selected: ToolKey | null = null;
  hovered: ToolKey | null = null;

  private readonly gestures: Gestures;
  private readonly floor = new Floor();
  private readonly settling = new Settling();
  private readonly matrix = identity();
  private ink: Ink = ink();
  private isOther = true;
  private followed: Vector | null = null;

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
    this.gestures = new Gestures(host, viewpoint, this.touched, this.hover, this.click);
    renderer.addActor(this.floor.solid.actor);
    this.restyle();
    this.floor.setShown(memory.hasFloor);
    this.settling.isOver = memory.viewpoint !== null;
    if (memory.viewpoint) viewpoint.restore(memory.viewpoint);
  }

  get root(): string | null {
    return this.frames.root;
  }

  /** Take the colours of the page as they are now. */
  restyle(): void {
    this.ink = ink();
    this.cast.tools().forEach((tool, i) => tool.paint(seriesColour(i)));
    this.floor.setColour(parsed(colour("line")));
    this.stage.setBackground(parsed(colour("background")));
  }

  setTools(tools: ReadonlyMap<ToolKey, ToolNews>): void {
    this.cast.setTools(tools);
  }

  /** @param isLost says that nothing comes from any of them for now. */
  setRows(rows: ReadonlyMap<RowId, Row>, isLost: boolean): void {
    this.cast.setRows(rows, isLost);
    if (!this.cast.entries.size) this.frames.begin();
    this.stage.check();
  }

  takePoses(samples: readonly PoseSample[]): void {
    for (const sample of samples) {
      const tool = this.cast.takePose(sample);
      if (tool) this.frames.take(sample, tool.news, tool.isValid);
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
    const { wanted, opacity } = Object.assign(entry, wish);
    entry.item.setWanted(wanted);
    entry.item.setOpacity(opacity);
    this.memory.shown.set(id, { wanted, opacity });
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
    this.floor.setShown(isShown);
    this.other();
  }

  select(key: ToolKey | null): void {
    this.selected = key;
    this.other();
  }

  follow(key: ToolKey | null): void {
    this.following = key;
    this.followed = null;
    this.other();
  }

  look(view: View): void {
    this.settling.isOver = true;
    this.stage.viewpoint.look(view);
    this.fit();
  }

  /** See everything that is shown; tools grow or shrink with the scene. */
  fit(): void {
    const points = around(this.boxes((tool) => [tool.position()]));
    const size = points && diagonal(points) * TOOL_PART;
    const limited = Math.min(Math.max(size || USUAL_TOOL_MM, LEAST_TOOL_MM), MOST_TOOL_MM);
    for (const tool of this.cast.tools()) tool.size = limited;
    this.place();
    const bounds = around(this.boxes((tool) => tool.extent()));
    if (bounds) this.stage.viewpoint.fit(bounds, this.stage.width / Math.max(this.stage.height, 1));
    this.floor.lay(bounds);
    this.stage.request();
  }

  /** Why something that is wanted is not shown; "" where it is. */
  why({ item, wanted, lead, note }: Entry): string {
    if (note || !wanted) return note;
    if (!item.isThere) return "nothing has come yet";
    return lead === "none" && this.root ? reason(item.frame, this.root) : "";
  }

  /** Where something is drawn, mm in the frame that is shown; null where it is not. */
  position(id: string): Vector | null {
    const entry = this.cast.entries.get(id);
    const solid = entry?.isShown && entry.item.solids[0];
    if (!solid) return null;
    const m = solid.actor.getMatrix() as unknown as number[];
    return [m[3]!, m[7]!, m[11]!];
  }

  dispose(): void {
    this.memory.viewpoint = this.settling.isOver ? this.stage.viewpoint.saved() : null;
    this.cast.dispose();
    this.gestures.dispose();
    this.stage.renderer.removeActor(this.floor.solid.actor);
    this.floor.solid.dispose();
    this.stage.dispose();
  }

  // ---------------------------------------------------------- before a frame

  private readonly prepare = (): boolean => {
    const isOther = this.isOther || this.frames.isOther;
    if (isOther) this.arrange();
    const moved = this.place();
    if (isOther && this.settling.fits(this.shown().length, performance.now())) this.fit();
    const went = this.goAlong();
    this.floor.face(this.stage.renderer.getActiveCamera().getPosition()[2]);
    if (isOther) this.changed();
    return moved || isOther || went;
  };

  /** See what there is now, and in which frame it can be shown. */
  private arrange(): void {
    this.isOther = false;
    this.cast.enter();
    const there = [...this.cast.entries.values()].filter(({ item }) => item.isThere);
    const before = this.root;
    this.frames.choose(there.map(({ item }) => item.frame));
    if (this.root !== before) this.changeFrame(before, this.root);
  }

  /** Go on looking at the same, where it is in another frame; else at everything. */
  private changeFrame(before: string | null, root: string | null): void {
    this.followed = null;
    for (const { trail } of this.cast.tools()) trail.clear();
    if (before === null || root === null) return;
    if (this.frames.graph.matrix(before, root, this.matrix) !== "none") {
      this.stage.viewpoint.carry(this.matrix);
      this.floor.lay(null);
    } else {
      this.place();
      this.fit();
    }
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
    entry.lead = canBe ? this.frames.graph.matrix(item.frame, root, matrix) : "none";
    const isShown = wanted && entry.lead !== "none";
    const moved = isShown && item.place(matrix, entry.lead);
    if (isShown === entry.isShown) return moved;
    entry.isShown = isShown;
    item.setShown(isShown);
    return true;
  }

  private goAlong(): boolean {
    const entry = this.following === null ? undefined : this.cast.entries.get(this.following);
    if (!entry?.isShown || !(entry.item instanceof Tool)) return false;
    const now = entry.item.position();
    const before = this.followed;
    this.followed = now;
    if (!before) return false;
    this.stage.viewpoint.move([now[0] - before[0], now[1] - before[1], now[2] - before[2]]);
    return true;
  }

  private shown(): Entry[] {
    return [...this.cast.entries.values()].filter(({ isShown }) => isShown);
  }

  /** Boxes around all that is shown. */
  private boxes(placesOf: (tool: Tool) => Vector[]): Bounds[] {
    const boxes = this.shown().flatMap(({ item }): Bounds[] => {
      if (item instanceof Tool) return placesOf(item).map(([x, y, z]) => [x, x, y, y, z, z]);
      const seen = item.solids.filter(({ actor }) => actor.getVisibility());
      return seen.map(({ actor }) => actor.getBounds() as Bounds);
    });
    return boxes.filter((box) => box.every(Number.isFinite));
  }

  // ------------------------------------------------------- after it, and between

  private readonly annotate = (projection: Projection): void => {
    const shown = this.shown();
    const labels = shown.flatMap(({ item }) => {
      const strong = item.id === this.selected || item.id === this.hovered;
      return item.labels().map((label) => ({ ...label, strong }));
    });
    const pictures = shown.flatMap(({ item }) => (item.kind === "picture" ? [item.frame] : []));
    const letters = this.frames.isPatient(pictures) ? RAS : XYZ;
    write(this.stage, projection, labels, letters, this.ink);
  };

  private readonly touched = (): void => {
    this.settling.isOver = true;
    this.stage.hurry();
  };

  private readonly hover = (place: Place | null): void => {
    const key = place && this.near(place);
    if (key === this.hovered) return;
    this.hovered = key;
    this.other();
  };

  private readonly click = (place: Place): void => this.select(this.near(place));

  /** The tool whose tip is seen there. */
  private near({ x, y }: Place): ToolKey | null {
    const projection = this.stage.projection();
    let [nearest, least] = [null as ToolKey | null, HOVER_PIXELS];
    for (const { item } of this.shown()) {
      if (!(item instanceof Tool)) continue;
      const [px, py, depth] = projection(...item.position());
      const distance = Math.hypot(px - x, py - y);
      if (Math.abs(depth) <= 1 && distance < least) [nearest, least] = [item.id, distance];
    }
    return nearest;
  }
}
