// What is in sight: the viewpoint is fitted to what is shown, goes along with a tool, and stays where
// somebody put it. The floor lies below what was fitted.

import type { Cast } from "./cast";
import { Floor } from "./floor";
import type { Matrix, Vector } from "./matrix";
import type { Memory } from "./memory";
import { Settling } from "./settling";
import type { Stage } from "./stage";
import { Tool } from "./tool";
import { around, diagonal, isSane, type Bounds, type View } from "./viewpoint";

const LEAST_TOOL_MM = 4;
const USUAL_TOOL_MM = 40;
const MOST_TOOL_MM = 150;
/** How long a tool's axis is, as a part of the scene's diagonal. */
const TOOL_PART = 0.1;

export class Sight {
  readonly floor = new Floor();
  /** The tool that the viewpoint goes along with. */
  following: string | null = null;
  /** Whether somebody has chosen what to look at: the scene leaves it so. */
  isTouched: boolean;
  private followed: Vector | null = null;
  private readonly settling = new Settling();

  constructor(
    private readonly stage: Stage,
    private readonly cast: Cast,
    private readonly memory: Memory,
  ) {
    stage.renderer.addActor(this.floor.solid.actor);
    this.floor.setShown(memory.hasFloor);
    this.isTouched = this.settling.isOver = memory.viewpoint !== null;
    if (memory.viewpoint) stage.viewpoint.restore(memory.viewpoint);
  }

  /** Somebody has chosen what to look at. */
  touch(): void {
    this.isTouched = this.settling.isOver = true;
  }

  look(view: View): void {
    this.touch();
    this.stage.viewpoint.look(view);
  }

  /** See everything that is shown; tools grow or shrink with the scene. */
  fit(): void {
    const points = around(this.boxes((tool) => [tool.position()]));
    const size = points && diagonal(points) * TOOL_PART;
    const limited = Math.min(Math.max(size || USUAL_TOOL_MM, LEAST_TOOL_MM), MOST_TOOL_MM);
    for (const tool of this.cast.tools()) tool.grow(limited);
    const bounds = around(this.boxes((tool) => tool.extent()));
    if (bounds) this.stage.viewpoint.fit(bounds, this.stage.width / Math.max(this.stage.height, 1));
    this.floor.lay(bounds);
    this.stage.request();
  }

  /** Fit while things appear for the first time. */
  settle(): void {
    if (this.settling.fits(this.cast.shown().length, performance.now())) this.fit();
  }

  follow(id: string | null): void {
    this.following = id;
    this.followed = null;
  }

  /** Go on looking at the same in another frame; without a way to it, at everything. */
  carry(matrix: Matrix | null): void {
    this.followed = null;
    if (!matrix) return this.fit();
    this.stage.viewpoint.carry(matrix);
    this.floor.lay(null);
  }

  /** Before a frame: move along, and see the floor from above only. True where that moved. */
  prepare(): boolean {
    const went = this.goAlong();
    this.floor.face(this.stage.renderer.getActiveCamera().getPosition()[2]);
    return went;
  }

  dispose(): void {
    this.memory.viewpoint = this.settling.isOver ? this.stage.viewpoint.saved() : null;
    this.stage.renderer.removeActor(this.floor.solid.actor);
    this.floor.solid.dispose();
  }

  private goAlong(): boolean {
    const entry = this.following === null ? undefined : this.cast.find(this.following);
    if (!entry?.isShown || !(entry.item instanceof Tool)) return false;
    const now = entry.item.position();
    const before = this.followed;
    this.followed = now;
    if (!before || !isSane([...now, ...before])) return false;
    this.stage.viewpoint.move([now[0] - before[0], now[1] - before[1], now[2] - before[2]]);
    return true;
  }

  /** Boxes around all that is shown, but for what is absurdly far away. */
  private boxes(placesOf: (tool: Tool) => Vector[]): Bounds[] {
    const boxes = this.cast.shown().flatMap(({ item }): Bounds[] => {
      if (item instanceof Tool) return placesOf(item).map(([x, y, z]) => [x, x, y, y, z, z]);
      const seen = item.solids.filter(({ actor }) => actor.getVisibility());
      return seen.map(({ actor }) => actor.getBounds() as Bounds);
    });
    return boxes.filter(isSane);
  }
}
