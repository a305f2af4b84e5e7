// The pictures of one row where they are in space; of a volume, up to three slices through it.

import type { PictureHead, RowId } from "../api";
import type { Item } from "./item";
import type { Label } from "./letters";
import type { Matrix } from "./matrix";
import { Plane, type Axis } from "./plane";
import type { Solid } from "./solid";

/** The pictures of one row: one plane, or one for each axis of a volume that is wanted. */
export class Picture implements Item {
  readonly kind = "picture";
  readonly id: string;
  readonly solids: Solid[] = [];
  frame = "World";
  /** Voxels along i, j and k; null where it is flat. */
  volume: [number, number, number] | null = null;
  private readonly planes = new Map<Axis, Plane>();
  private wantedAxes: readonly Axis[] = ["k"];
  private opacity = 1;
  private wanted = true;

  /** @param changed is called after each picture; `isOther` says that there are other bodies. */
  constructor(
    private readonly row: RowId,
    readonly name: string,
    private readonly changed: (isOther: boolean) => void,
  ) {
    this.id = String(row);
    this.setAxes(["k"]);
  }

  get isThere(): boolean {
    return [...this.planes.values()].some((plane) => plane.isThere);
  }

  /** Which slices of a volume are shown. */
  axes(): readonly Axis[] {
    return this.wantedAxes;
  }

  setAxes(axes: readonly Axis[]): void {
    this.wantedAxes = axes;
    for (const [axis, plane] of this.planes) {
      if (this.wanted && axes.includes(axis)) continue;
      plane.dispose();
      this.planes.delete(axis);
    }
    for (const axis of this.wanted ? axes : []) {
      if (!this.planes.has(axis)) this.planes.set(axis, this.added(axis));
    }
    this.solids.splice(0, this.solids.length, ...[...this.planes.values()].map((p) => p.solid));
    this.changed(true);
  }

  /** The slice that is wanted across an axis; null is the middle one. */
  slice(axis: Axis): number | null {
    return this.planes.get(axis)?.slice.value ?? null;
  }

  setSlice(axis: Axis, index: number): void {
    const plane = this.planes.get(axis);
    if (plane) plane.slice.value = index;
  }

  place(matrix: Matrix): boolean {
    let moved = false;
    for (const plane of this.planes.values()) {
      plane.solid.actor.setVisibility(plane.isThere);
      if (plane.isThere && plane.place(matrix)) moved = true;
    }
    return moved;
  }

  setShown(shown: boolean): void {
    for (const { isThere, solid } of this.planes.values()) solid.actor.setVisibility(shown && isThere);
  }

  setOpacity(opacity: number): void {
    this.opacity = opacity;
    for (const plane of this.planes.values()) plane.solid.actor.getProperty().setOpacity(opacity);
  }

  setWanted(wanted: boolean): void {
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.setAxes(this.wantedAxes);
  }

  labels(): readonly Label[] {
    return [];
  }

  dispose(): void {
    for (const plane of this.planes.values()) plane.dispose();
    this.planes.clear();
  }

  private added(axis: Axis): Plane {
    const plane = new Plane(this.row, axis, (head) => this.painted(head));
    plane.solid.actor.getProperty().setOpacity(this.opacity);
    return plane;
  }

  private painted(head: PictureHead): void {
    const size = head.volume?.size ?? null;
    const isOther = String(size) !== String(this.volume) || head.frame !== this.frame;
    this.volume = size;
    this.frame = head.frame;
    this.changed(isOther);
  }
}
