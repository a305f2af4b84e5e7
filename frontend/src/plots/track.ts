// The samples of one source over the last minutes: all of the newest, lowest and highest of what is
// older. All memory is taken when a track is made and never grows.
//
// For c channels: fine * (8 + 1 + 8 c) + coarse * (8 + 1 + 2 * 4 c) bytes. One tool has 5 channels
// (x, y, z, angle, speed): 8192 * 49 + 9000 * 49 = 842 kB; ten tools 8.4 MB. At 100 Hz the full
// rate reaches 82 s back. What comes 4 times a second needs no buckets: 4096 * 33 = 135 kB for 3
// channels.

/** Samples at full rate, unless told otherwise. */
export const FINE = 8192;
/** Seconds of one bucket of older samples, and how many: 15 minutes. */
export const BUCKET_S = 0.1;
export const COARSE = 9000;

/** The line does not come here from the sample before: there was silence. */
export const BREAK = 1;
/** Nothing can be drawn here: the sender said that the value is not valid. */
export const INVALID = 2;

/** A silence is longer than this, and longer than a few of the usual intervals. */
const LEAST_SILENCE_S = 0.3;
const SILENT_INTERVALS = 4;
/** Time that goes back by more is a recording that was wound back; by less, a late sample. */
const WOUND_BACK_S = 1;

/** Is given samples in the order of their time; low and high differ in buckets only. */
export interface Sink {
  add(time: number, low: number, high: number, flags: number): void;
}

/** A ring of times, flags and values; `width` numbers for each. */
class Ring {
  readonly times: Float64Array;
  readonly flags: Uint8Array;
  start = 0;
  count = 0;
  /** Time of the youngest entry that had to go. */
  lost = -Infinity;

  constructor(readonly size: number) {
    this.times = new Float64Array(size);
    this.flags = new Uint8Array(size);
  }

  /** Where entry `i` lies, 0 is the oldest. */
  at(i: number): number {
    const place = this.start + i;
    return place < this.size ? place : place - this.size;
  }

  /** Room for one more, in place of the oldest where the ring is full; returns where. */
  next(time: number, flags: number): number {
    if (this.count < this.size) this.count += 1;
    else {
      this.lost = this.times[this.start]!;
      this.start = this.at(1);
    }
    const place = this.at(this.count - 1);
    this.times[place] = time;
    this.flags[place] = flags;
    return place;
  }

  /** How many entries have a time below `time`. */
  below(time: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[this.at(middle)]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Track {
  private readonly fine: Ring;
  private readonly values: Float64Array;
  private readonly coarse: Ring;
  private readonly low: Float32Array;
  private readonly high: Float32Array;
  /** Mean of the last intervals in s, and how many there were since the last silence. */
  private interval = 0;
  private intervals = 0;
  /** Why the newest sample is not valid; "" when it is. */
  status = "";
  /** Samples that came after younger ones and were left out. */
  late = 0;

  constructor(
    readonly channels: number,
    fine = FINE,
    coarse = COARSE,
  ) {
    this.fine = new Ring(fine);
    this.values = new Float64Array(fine * channels);
    this.coarse = new Ring(coarse);
    this.low = new Float32Array(coarse * channels);
    this.high = new Float32Array(coarse * channels);
  }

  get bytes(): number {
    return Track.bytes(this.channels, this.fine.size, this.coarse.size);
  }

  /** Of memory that a track takes. */
  static bytes(channels: number, fine = FINE, coarse = COARSE): number {
    return (fine + coarse) * (9 + 8 * channels);
  }

  get count(): number {
    return this.fine.count;
  }

  /** Times of the oldest and of the newest sample, in unix s; NaN while there is none. */
  get oldest(): number {
    const ring = this.coarse.count ? this.coarse : this.fine;
    return ring.count ? ring.times[ring.at(0)]! : NaN;
  }

  get newest(): number {
    return this.count ? this.fine.times[this.fine.at(this.count - 1)]! : NaN;
  }

  /** What is older than this is kept in buckets only. */
  get fullFrom(): number {
    const { fine, coarse } = this;
    if (!coarse.size || (fine.count && fine.lost === -Infinity)) return -Infinity;
    return fine.count ? fine.times[fine.at(0)]! : Infinity;
  }

  /** The newest value of a channel; NaN while there is none. */
  last(channel: number): number {
    return this.back(0, channel);
  }

  /** Time and value of the sample that is `back` before the newest. */
  timeBack(back: number): number {
    return this.fine.times[this.fine.at(this.count - 1 - back)]!;
  }

  back(back: number, channel: number): number {
    if (back >= this.count) return NaN;
    return this.values[this.fine.at(this.count - 1 - back) * this.channels + channel]!;
  }

  flagsBack(back: number): number {
    return this.fine.flags[this.fine.at(this.count - 1 - back)]!;
  }

  /** Longer than this without a sample is a gap in the line, in s. */
  get silence(): number {
    return Math.max(LEAST_SILENCE_S, SILENT_INTERVALS * this.interval);
  }

  /** Keep a sample; values that are not finite leave a gap in their channel. */
  push(time: number, values: ArrayLike<number | null>): void {
    if (!this.fits(time)) return;
    this.status = "";
    const flags = this.rhythm(time);
    const place = this.fine.next(time, flags) * this.channels;
    for (let c = 0; c < this.channels; c++) this.values[place + c] = values[c] ?? NaN;
    this.summarise(time, flags, place);
  }

  /** Keep that there was nothing valid then, and why. */
  pushInvalid(time: number, why: string): void {
    if (!this.fits(time)) return;
    this.status = why;
    const flags = this.rhythm(time) | INVALID;
    const place = this.fine.next(time, flags) * this.channels;
    this.values.fill(NaN, place, place + this.channels);
    this.summarise(time, flags, place);
  }

  /** Forget everything from `time` on. */
  cut(time: number): void {
    this.fine.count = this.fine.below(time);
    this.coarse.count = this.coarse.below(time - BUCKET_S);
    this.intervals = this.interval = 0;
  }

  /** Forget everything. */
  clear(): void {
    this.cut(-Infinity);
    this.fine.lost = this.coarse.lost = -Infinity;
    this.status = "";
  }

  /** Give all of [from, to] to `sink`, and one more on either side so that lines reach the edges;
   * buckets will do where they are finer than `step` seconds. */
  visit(channel: number, from: number, to: number, step: number, sink: Sink): void {
    const edge = this.coarse.size && step >= BUCKET_S ? Infinity : this.fullFrom;
    if (from < edge) this.visitBuckets(channel, from, to, edge, sink);
    if (to >= edge) this.visitSamples(channel, from, to, sink);
  }

  /** The value at `time`: of the sample then or the last before; NaN in a gap. */
  valueAt(channel: number, time: number): number {
    const found = new Held(time);
    this.visit(channel, time, time, 0, found);
    return found.value(this.silence);
  }

  /** Those from `from` to `to`, below `edge`: what is younger is there as samples. */
  private visitBuckets(channel: number, from: number, to: number, edge: number, sink: Sink): void {
    const { coarse, channels } = this;
    const last = Math.min(coarse.count - 1, coarse.below(to));
    for (let i = Math.max(0, coarse.below(from) - 1); i <= last; i++) {
      const place = coarse.at(i);
      const time = coarse.times[place]!;
      if (time >= edge) return;
      const at = place * channels + channel;
      sink.add(time, this.low[at]!, this.high[at]!, coarse.flags[place]!);
    }
  }

  private visitSamples(channel: number, from: number, to: number, sink: Sink): void {
    const { fine, channels } = this;
    const last = Math.min(fine.count - 1, fine.below(to));
    for (let i = Math.max(0, fine.below(from) - 1); i <= last; i++) {
      const place = fine.at(i);
      const value = this.values[place * channels + channel]!;
      sink.add(fine.times[place]!, value, value, fine.flags[place]!);
    }
  }

  private fits(time: number): boolean {
    if (!Number.isFinite(time)) return false;
    if (!(time < this.newest)) return true;
    if (time > this.newest - WOUND_BACK_S) {
      this.late += 1;
      return false;
    }
    this.cut(time);
    return true;
  }

  /** Whether a silence ends with a sample at `time`; learns how often samples come. */
  private rhythm(time: number): number {
    if (!this.count) return 0;
    const passed = time - this.newest;
    if (this.intervals > 0 && passed > this.silence) {
      this.intervals = this.interval = 0;
      return BREAK;
    }
    this.intervals = Math.min(this.intervals + 1, 20);
    this.interval += (passed - this.interval) / this.intervals;
    return 0;
  }

  /** Add the sample that lies at `place` of the values to its bucket. */
  private summarise(time: number, flags: number, place: number): void {
    const { coarse, channels } = this;
    if (!coarse.size) return;
    const start = Math.floor(time / BUCKET_S) * BUCKET_S;
    let bucket = coarse.count ? coarse.at(coarse.count - 1) : -1;
    if (bucket < 0 || coarse.times[bucket] !== start) {
      bucket = coarse.next(start, flags);
      this.low.fill(NaN, bucket * channels, (bucket + 1) * channels);
      this.high.fill(NaN, bucket * channels, (bucket + 1) * channels);
    } else coarse.flags[bucket]! |= flags;
    for (let c = 0, at = bucket * channels; c < channels; c++, at++) {
      const value = this.values[place + c]!;
      // Written so that NaN in the bucket gives way, and NaN in the sample does not count.
      if (!(this.low[at]! <= value) && value === value) this.low[at] = value;
      if (!(this.high[at]! >= value) && value === value) this.high[at] = value;
    }
  }
}

/** The sample at a time, or the last one before it. */
class Held implements Sink {
  private before = NaN;
  private seen = NaN;
  private gapAhead = true;

  constructor(private readonly time: number) {}

  add(time: number, low: number, high: number, flags: number): void {
    if (time <= this.time) {
      this.seen = time;
      this.before = flags & INVALID ? NaN : (low + high) / 2;
    } else this.gapAhead = flags !== 0;
  }

  value(silence: number): number {
    return this.gapAhead && this.time - this.seen > silence ? NaN : this.before;
  }
}
