// Cells in VTK's form: number of corners, corners, number of corners, ...

/**
 * Look at cells before they are drawn.
 *
 * @param kind for the message: "polygons".
 * @param points how many points there are.
 * @throws RangeError where a cell is cut off, or has a corner that is no point.
 */
export function checkCells(kind: string, cells: ArrayLike<number>, points: number): void {
  for (let at = 0; at < cells.length; ) {
    const end = at + 1 + cells[at]!;
    if (end > cells.length) {
      throw new RangeError(`${kind} end within a cell of ${cells[at]} corners; send them whole`);
    }
    for (let i = at + 1; i < end; i++) {
      if (cells[i]! < points) continue;
      throw new RangeError(`${kind} name point ${cells[i]}, but there are only ${points} points`);
    }
    at = end;
  }
}
