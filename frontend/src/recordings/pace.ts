// Not more often than so many times a second, the last one always.

/** Calls `action` at once, and again at most every `every` ms with the newest argument. */
export class Pace<T> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next: { value: T } | null = null;

  constructor(
    private readonly action: (value: T) => void,
    private readonly every: number,
  ) {}

  ask(value: T): void {
    if (this.timer === undefined) this.run(value);
    else this.next = { value };
  }

  private run(value: T): void {
    this.action(value);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const next = this.next;
      this.next = null;
      if (next) this.run(next.value);
    }, this.every);
  }
}
