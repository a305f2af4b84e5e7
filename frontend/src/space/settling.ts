// When a scene is fitted into the picture by itself: while things appear for the first time, one
// soon after the other, and nobody has looked elsewhere. Not later: it would take the view away.

/** So soon after the one before, ms ... */
const SOON_MS = 2500;
/** ... and not so long after the first one. */
const LONG_MS = 10_000;

export class Settling {
  private count = 0;
  private firstAt = -1;
  private lastAt = -1;
  /** Whether somebody has chosen what to look at. */
  isOver = false;

  /** Whether to fit, now that so many things are shown; `now` in ms. */
  fits(count: number, now: number): boolean {
    const isMore = count > this.count;
    this.count = count;
    if (this.isOver || !isMore) return false;
    if (this.firstAt < 0) this.firstAt = this.lastAt = now;
    this.isOver = now - this.lastAt > SOON_MS || now - this.firstAt > LONG_MS;
    this.lastAt = now;
    return !this.isOver;
  }
}
