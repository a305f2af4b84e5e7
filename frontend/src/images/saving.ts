// A picture as a PNG file: its own pixels, as they are shown, turned and flipped.

import { save } from "../parts/files";
import type { Cell } from "./cell";
import type { Orientation } from "./geometry";

/** Have the browser save what the cell shows. */
export function savePicture(cell: Cell): void {
  const picture = cell.stream.peek()?.picture;
  const canvas = cell.stream.peek()?.raster.canvas;
  if (!picture || !canvas) return;
  const { device, received } = picture.head;
  turned(canvas, cell.orientation.peek()).toBlob(
    (file) => file && save(file, device || "picture", "png", received),
    "image/png",
  );
}

function turned(canvas: HTMLCanvasElement, { across, down }: Orientation): HTMLCanvasElement {
  const { width, height } = canvas;
  const copy = document.createElement("canvas");
  const isTurned = across.along === "row";
  copy.width = isTurned ? height : width;
  copy.height = isTurned ? width : height;
  const context = copy.getContext("2d");
  const x = across.sign === 1 ? 0 : copy.width;
  const y = down.sign === 1 ? 0 : copy.height;
  if (isTurned) context?.setTransform(0, down.sign, across.sign, 0, x, y);
  else context?.setTransform(across.sign, 0, 0, down.sign, x, y);
  context?.drawImage(canvas, 0, 0);
  return copy;
}
