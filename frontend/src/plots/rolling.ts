// Which of many lines are in sight, where lines have heights of their own.

/** Lines that are drawn above and below those in sight. */
const MORE = 8;

export interface Sight {
  /** The first that is drawn, and the one after the last. */
  first: number;
  end: number;
  /** CSS pixels above the first, and of all. */
  above: number;
  all: number;
}

/** The lines between `top` and `top + height` of all, whose heights are `heights`. */
export function inSight(heights: ArrayLike<number>, top: number, height: number): Sight {
  const count = heights.length;
  let first = 0;
  let above = 0;
  while (first < count && above + heights[first]! <= top) above += heights[first++]!;
  let end = first;
  let bottom = above;
  while (end < count && bottom < top + height) bottom += heights[end++]!;
  for (let i = 0; i < MORE && first > 0; i++) above -= heights[--first]!;
  for (let i = 0; i < MORE && end < count; i++) bottom += heights[end++]!;
  let all = bottom;
  for (let i = end; i < count; i++) all += heights[i]!;
  return { first, end, above, all };
}
