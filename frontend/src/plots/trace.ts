// The way of a pen over columns of samples.

import type { Columns } from "./columns";

export interface Pen {
  move(time: number, value: number): void;
  line(time: number, value: number): void;
  /** A place that stands alone, of which no line would be seen. */
  dot(time: number, value: number): void;
}

/** Draw all of `columns`, from left to right. Corners cost more than anything else about a plot: a
 * column that spans no more than `flat` has one, others have two, the lowest and the highest.
 * Returns how many corners there were. */
export function trace(columns: Columns, flat: number, pen: Pen): number {
  const { counts, firstTime, lastTime, first, last, low, high, lifted } = columns;
  let alone = -1;
  let corners = 0;
  const end = () => {
    if (alone >= 0) pen.dot(firstTime[alone]!, first[alone]!);
  };
  for (let i = 0; i < columns.size; i++) {
    if (!counts[i]) continue;
    const isFlat = high[i]! - low[i]! <= flat;
    const isUp = last[i]! >= first[i]!;
    const start = isFlat ? first[i]! : isUp ? low[i]! : high[i]!;
    if (lifted[i]) {
      end();
      pen.move(firstTime[i]!, start);
    } else pen.line(firstTime[i]!, start);
    alone = lifted[i] && isFlat ? i : -1;
    corners += isFlat ? 1 : 2;
    if (!isFlat) pen.line(lastTime[i]!, isUp ? high[i]! : low[i]!);
  }
  end();
  return corners;
}
