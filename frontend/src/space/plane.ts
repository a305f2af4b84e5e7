// One flat picture, or one slice of a volume, where it is in space.

import vtkDataArray from "@kitware/vtk.js/Common/Core/DataArray";
import vtkTexture from "@kitware/vtk.js/Rendering/Core/Texture";
import type { PictureHead, RowId } from "../api";
import { openStream, type PictureStream } from "../images/stream";
import { identity, multiply, read, type Matrix } from "./matrix";
import { Solid } from "./solid";

export type Axis = "i" | "j" | "k";

/** The unit square, as two triangles. The first row of a picture is at its top. */
const CORNERS = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0];
const TEXTURE_CORNERS = Float32Array.of(0, 1, 1, 1, 1, 0, 0, 0);
const SQUARE = Uint32Array.of(4, 0, 1, 2, 3);

/** One flat picture of one row. */
export class Plane {
  readonly solid = new Solid();
  isThere = false;
  private readonly texture = newTexture();
  private readonly stream: PictureStream;
  private readonly end: () => void;
  /** From the unit square to the picture's frame. */
  private readonly square = identity();
  private readonly placed = identity();

  constructor(row: RowId, readonly axis: Axis, painted: (head: PictureHead) => void) {
    this.solid.setPoints(Float32Array.from(CORNERS));
    this.solid.setCells("polys", SQUARE);
    const corners = { values: TEXTURE_CORNERS, numberOfComponents: 2, name: "Corners" };
    this.solid.data.getPointData().setTCoords(vtkDataArray.newInstance(corners));
    this.solid.actor.getProperty().setLighting(false);
    this.solid.actor.setVisibility(false);
    this.texture.setInterpolate(true);
    this.stream = openStream(row, axis);
    this.end = this.stream.onPainted(({ head }) => {
      if (this.show(head)) painted(head);
    });
    if (this.stream.picture) this.show(this.stream.picture.head);
  }

  get slice() {
    return this.stream.slice;
  }

  place(matrix: Matrix): boolean {
    return this.solid.place(multiply(matrix, this.square, this.placed));
  }

  dispose(): void {
    this.end();
    this.stream.release();
    this.texture.delete();
    this.solid.dispose();
  }

  private show(head: PictureHead): boolean {
    if (!readSquare(head, this.square)) return false;
    if (!this.isThere) {
      this.texture.setCanvas(this.stream.raster.canvas);
      this.solid.actor.addTexture(this.texture);
    }
    this.isThere = true;
    this.texture.modified();
    return true;
  }
}

/** Its declarations leave out what every object of vtk.js has. */
type Texture = ReturnType<typeof vtkTexture.newInstance> & { modified(): void; delete(): void };

/** One whose picture may change its size. */
function newTexture(): Texture {
  return vtkTexture.newInstance({ resizable: true } as never) as Texture;
}

/** From (0 to 1, 0 to 1) to the outer edges of a picture: half a pixel beyond the outer centres. */
export function readSquare({ matrix, width, height }: PictureHead, into: Matrix): boolean {
  if (!read(matrix, into)) return false;
  for (const row of [0, 4, 8]) {
    into[row + 3]! -= (into[row]! + into[row + 1]!) / 2;
    into[row]! *= width;
    into[row + 1]! *= height;
  }
  return true;
}
