// How the pictures of a row are shown, in all panels: window and level, slices, and how they come.

import { type ReadonlySignal, type Signal, computed, signal } from "@preact/signals";
import type { PictureHead, RowId } from "../api";
import { rows } from "../store";
import type { Axis } from "./geometry";
import { BYTES, type Levels, automatic, spanned, widened } from "./levels";
import type { Picture } from "./painter";
import type { Choice } from "./ways";

export class Look {
  /** What the user chose; null leaves it to the pictures' values. */
  readonly chosen: Signal<Levels | null> = signal(null);
  /** What is shown black and white. */
  readonly levels: ReadonlySignal<Levels> = computed(() => this.chosen.value ?? this.#auto.value);
  readonly choice: Signal<Choice> = signal("auto");
  /** The slice across each axis of a volume; null is the middle one. */
  readonly slices: Readonly<Record<Axis, Signal<number | null>>> = {
    i: signal(null),
    j: signal(null),
    k: signal(null),
  };
  readonly #auto = signal<Levels>(BYTES);
  #span: Levels = BYTES;
  #met = "";

  /** Let automatic levels know a picture: what they span only grows, until another kind comes. */
  meet({ head, values }: Pick<Picture, "head" | "values">): void {
    const kind = kindOf(head);
    const span = spanned(head, values);
    this.#span = kind === this.#met ? widened(this.#span, span) : span;
    this.#auto.value = automatic(head.dtype, this.#span);
    this.#met = kind;
  }

  /** Automatic again, by this picture alone. */
  reset(picture: Picture | null): void {
    this.#met = "";
    if (picture) this.meet(picture);
    this.chosen.value = null;
  }
}

function kindOf({ dtype, components }: PictureHead): string {
  return `${dtype} ${components}`;
}

const looks = new Map<string, Look>();

/** What a row is called, also after the server was started anew and counts rows otherwise. */
export function titleOf(row: RowId): string {
  const one = rows.peek().get(row);
  return one ? `${one.connection} ${one.type} ${one.device}` : String(row);
}

export function lookOf(title: string): Look {
  let look = looks.get(title);
  if (!look) {
    look = new Look();
    looks.set(title, look);
  }
  return look;
}
