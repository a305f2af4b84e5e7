// The place between those who bring pictures and the screen: it holds one, always the newest.

import { type Picture, closePicture } from "./painter";

export class Newest {
  #waiting: Picture | null = null;
  #replaced = 0;
  #whenEmpty: (() => void)[] = [];

  /** @param arrived is called when the place was empty and is no longer */
  constructor(private readonly arrived: () => void) {}

  /** Put a picture there; one that nobody took is closed and counted: then it is false. */
  offer(picture: Picture): boolean {
    const old = this.#waiting;
    this.#waiting = picture;
    if (!old) {
      this.arrived();
      return true;
    }
    closePicture(old);
    this.#replaced += 1 + old.head.skipped;
    return false;
  }

  /** The picture, now the taker's to close, and how many were left out before it. */
  take(): { picture: Picture; skipped: number } | null {
    const picture = this.#waiting;
    if (!picture) return null;
    const skipped = this.#replaced + picture.head.skipped;
    this.clear();
    return { picture, skipped };
  }

  /** Hold nothing, without closing what was there. */
  private clear(): void {
    this.#waiting = null;
    this.#replaced = 0;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  /** Close what is there. */
  discard(): void {
    closePicture(this.#waiting);
    this.clear();
  }

  /** Resolves as soon as the picture that is there was taken. */
  empty(): Promise<void> {
    return this.#waiting
      ? new Promise((resolve) => this.#whenEmpty.push(resolve))
      : Promise.resolve();
  }
}
