// Samples of one line, put together to the columns of pixels they are drawn in: first, lowest,
// highest and last of each, so that no peak is lost and a line costs the same for any rate.

import { BREAK, INVALID, type Sink } from "./track";

/** The first column stands for what is left of the plot, the last for what is right of it. */
export class Columns implements Sink {
  readonly counts: Uint32Array;
  readonly firstTime: Float64Array;
  readonly lastTime: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  /** Whether the line does not come here from the column before. */
  readonly lifted: Uint8Array;
  /** Whether there were invalid samples. */
  readonly invalid: Uint8Array;
  /** Lowest and highest of all between the edges; Infinity and -Infinity where there are none. */
  lowest = Infinity;
  highest = -Infinity;
  private from = 0;
  private step = 1;
  private lift = true;

  constructor(readonly size: number) {
    this.counts = new Uint32Array(size);
    this.firstTime = new Float64Array(size);
    this.lastTime = new Float64Array(size);
    this.first = new Float64Array(size);
    this.last = new Float64Array(size);
    this.low = new Float64Array(size);
    this.high = new Float64Array(size);
    this.lifted = new Uint8Array(size);
    this.invalid = new Uint8Array(size);
  }

  /** Begin anew at time `from`, with `step` seconds a column. */
  begin(from: number, step: number): void {
    this.counts.fill(0);
    this.invalid.fill(0);
    this.from = from;
    this.step = step;
    this.lowest = Infinity;
    this.highest = -Infinity;
    this.lift = true;
  }

  add(time: number, low: number, high: number, flags: number): void {
    const right = this.size - 1;
    const wanted = Math.floor((time - this.from) / this.step) + 1;
    const i = wanted < 0 ? 0 : wanted > right ? right : wanted;
    if (flags & INVALID) this.invalid[i] = 1;
    if (flags & (BREAK | INVALID)) this.lift = true;
    if (low !== low) {
      this.lift = true;
      return;
    }
    if (this.counts[i] === 0) this.open(i, time, low, high);
    else {
      if (low < this.low[i]!) this.low[i] = low;
      if (high > this.high[i]!) this.high[i] = high;
    }
    this.counts[i]! += low === high ? 1 : 2;
    this.lastTime[i] = time;
    this.last[i] = high;
    // In a bucket with invalid samples nobody knows any more where they were: the pen is lifted after it.
    this.lift = (flags & INVALID) !== 0;
    if (i > 0 && i < right) {
      if (low < this.lowest) this.lowest = low;
      if (high > this.highest) this.highest = high;
    }
  }

  private open(i: number, time: number, low: number, high: number): void {
    this.firstTime[i] = time;
    this.first[i] = this.low[i] = low;
    this.high[i] = high;
    this.lifted[i] = this.lift ? 1 : 0;
  }
}
