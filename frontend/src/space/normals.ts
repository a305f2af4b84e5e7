// Which way a surface looks at each of its points.

/**
 * Each point's normal is the sum of those of the polygons that meet there, large ones count more.
 *
 * @param points (n, 3), mm
 * @param polygons in VTK's form: number of corners, corners, ...; corners beyond the points are
 *   left out.
 * @returns (n, 3), of length 1; 0 where no polygon is.
 */
export function smoothNormals(points: ArrayLike<number>, polygons: ArrayLike<number>): Float32Array {
  const normals = new Float32Array(points.length);
  for (let at = 0; at < polygons.length; at += polygons[at]! + 1) {
    const corners = polygons[at]!;
    for (let i = 2; i < corners; i++) {
      addTriangle(points, normals, polygons[at + 1]!, polygons[at + i]!, polygons[at + i + 1]!);
    }
  }
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i]!, normals[i + 1]!, normals[i + 2]!) || 1;
    for (let c = i; c < i + 3; c++) normals[c] = normals[c]! / length;
  }
  return normals;
}

function addTriangle(p: ArrayLike<number>, n: Float32Array, a: number, b: number, c: number): void {
  [a, b, c] = [3 * a, 3 * b, 3 * c];
  if (Math.max(a, b, c) + 2 >= p.length) return;
  const [ux, uy, uz] = [p[b]! - p[a]!, p[b + 1]! - p[a + 1]!, p[b + 2]! - p[a + 2]!];
  const [vx, vy, vz] = [p[c]! - p[a]!, p[c + 1]! - p[a + 1]!, p[c + 2]! - p[a + 2]!];
  const [x, y, z] = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
  for (const corner of [a, b, c]) {
    n[corner] = n[corner]! + x;
    n[corner + 1] = n[corner + 1]! + y;
    n[corner + 2] = n[corner + 2]! + z;
  }
}
