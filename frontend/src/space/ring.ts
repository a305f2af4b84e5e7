// The last places of something that moves: so many at most, the oldest are written over.

export class Ring {
  private readonly places: Float32Array;
  private readonly times: Float64Array;
  private start = 0;
  count = 0;

  constructor(private readonly capacity: number) {
    this.places = new Float32Array(3 * capacity);
    this.times = new Float64Array(capacity);
  }

  /** Add a place, at a time in s. A time before the last one (somebody rewound) begins anew. */
  push(time: number, x: number, y: number, z: number): void {
    if (this.count && time < this.newest()) this.clear();
    if (this.count === this.capacity) this.drop();
    const slot = (this.start + this.count) % this.capacity;
    this.times[slot] = time;
    this.places.set([x, y, z], 3 * slot);
    this.count += 1;
  }

  /** Forget what is older. True where something was. */
  forget(before: number): boolean {
    const count = this.count;
    while (this.count && this.times[this.start]! < before) this.drop();
    return this.count !== count;
  }

  clear(): void {
    this.start = this.count = 0;
  }

  /** Time of the last place, s; -Infinity without one. */
  newest(): number {
    if (!this.count) return -Infinity;
    return this.times[(this.start + this.count - 1) % this.capacity]!;
  }

  /** How far the last place is from here, mm; Infinity without one. */
  distance(x: number, y: number, z: number): number {
    if (!this.count) return Infinity;
    const slot = 3 * ((this.start + this.count - 1) % this.capacity);
    const [px, py, pz] = this.places.subarray(slot, slot + 3);
    return Math.hypot(x - px!, y - py!, z - pz!);
  }

  /**
   * Write the places, oldest first; what remains of `into` (capacity x 3) repeats the newest, so
   * that the line through all of it ends there.
   */
  write(into: Float32Array): void {
    if (!this.count) return;
    const first = Math.min(this.count, this.capacity - this.start);
    into.set(this.places.subarray(3 * this.start, 3 * (this.start + first)));
    into.set(this.places.subarray(0, 3 * (this.count - first)), 3 * first);
    const end = 3 * this.count;
    const newest = into.slice(end - 3, end);
    for (let i = end; i < into.length; i += 3) into.set(newest, i);
  }

  private drop(): void {
    this.start = (this.start + 1) % this.capacity;
    this.count -= 1;
  }
}
