// What everything in the scene has in common, whether it is a tool, a picture or a surface.

import type { Label } from "./letters";
import type { Matrix } from "./matrix";
import type { Lead } from "./graph";
import { Solid } from "./solid";

export type Kind = "tool" | "picture" | "surface" | "points" | "trajectories";

export interface Item {
  /** A tool's key, or a row's number. */
  readonly id: string;
  readonly kind: Kind;
  readonly name: string;
  /** The coordinate frame in which its places are given. */
  readonly frame: string;
  /** Bodies in the scene; new ones may appear when `changed` was told. */
  readonly solids: readonly Solid[];
  /** Whether there is something to be shown yet. */
  readonly isThere: boolean;

  /**
   * Put it where it is now.
   *
   * @param matrix takes points of `frame` to the frame that is shown; not kept.
   * @param lead says whether the poses that led there are valid.
   * @returns whether anything moved.
   */
  place(matrix: Matrix, lead: Lead): boolean;
  /** Draw it, or do not. */
  setShown(shown: boolean): void;
  /** 0 to 1. */
  setOpacity(opacity: number): void;
  /** Whether somebody wants to see it; what nobody sees costs nothing. */
  setWanted?(wanted: boolean): void;
  labels(): readonly Label[];
  dispose(): void;
}

/** What all have in common that are one body. */
export abstract class Body {
  protected readonly solid = new Solid();
  readonly solids: readonly Solid[] = [this.solid];

  constructor() {
    this.setShown(false);
  }

  place(matrix: Matrix, _lead?: Lead): boolean {
    return this.solid.place(matrix);
  }

  setShown(shown: boolean): void {
    this.solid.actor.setVisibility(shown);
  }

  setOpacity(opacity: number): void {
    this.solid.actor.getProperty().setOpacity(opacity);
  }

  labels(): readonly Label[] {
    return [];
  }

  dispose(): void {
    this.solid.dispose();
  }
}
