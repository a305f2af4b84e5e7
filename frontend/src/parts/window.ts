// Which part of a long list is drawn: items have heights of their own, few of them are in sight.

/** Distance of each item's top from the list's, px; and of the list's end. */
export function topsOf(heights: readonly number[]): number[] {
  const tops = [0];
  let top = 0;
  for (const height of heights) tops.push((top += height));
  return tops;
}

/** First and last + 1 of the items between two distances, and `spare` px around them. */
export function inSight(tops: readonly number[], from: number, to: number, spare = 200) {
  const count = tops.length - 1;
  const first = Math.min(itemAt(tops, from - spare), count);
  return { first, last: Math.min(count, firstBelow(tops, to + spare)) };
}

/** The item at a distance; the last or first where there is none. */
export function itemAt(tops: readonly number[], distance: number): number {
  return Math.max(0, firstBelow(tops, distance) - 1);
}

/** The first item whose top is below a distance, by halving. */
function firstBelow(tops: readonly number[], distance: number): number {
  let low = 0;
  let high = tops.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tops[middle]! > distance) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Where to scroll so that an item is in sight; the same where it is already. */
export function scrolledTo(tops: readonly number[], at: number, scroll: number, room: number): number {
  const top = tops[at]!;
  const bottom = tops[at + 1]!;
  if (top < scroll) return top;
  return bottom > scroll + room ? bottom - room : scroll;
}
