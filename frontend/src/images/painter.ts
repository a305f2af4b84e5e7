// A canvas of the picture's size, painted on with Canvas2D: it needs no GPU, works over remote
// desktops, and is the texture of the picture in space.

import type { PictureHead } from "../api";
import { type Levels, isIdentity } from "./levels";
import { Shader, type Values } from "./shading";

/** A picture as it came: values, or what a decoder made of a compressed one. */
export interface Picture {
  head: PictureHead;
  /** Row by row, components interleaved; null where it came compressed. */
  values: Values | null;
  source: ImageBitmap | VideoFrame | null;
}

/** Give back what a picture holds outside of JavaScript's memory. */
export function closePicture(picture: Picture | null): void {
  picture?.source?.close();
}

/** What a pixel holds: as it was sent where it came raw, else about. */
export function valuesAt(picture: Picture, column: number, row: number): number[] {
  const { head, values, source } = picture;
  if (!values) return source ? aboutAt(source, head, column, row) : [];
  const start = (row * head.width + column) * head.components;
  return Array.from(values.subarray(start, start + head.components));
}

let probe: CanvasRenderingContext2D | null = null;

function aboutAt(
  source: ImageBitmap | VideoFrame,
  { components }: PictureHead,
  column: number,
  row: number,
): number[] {
  probe ??= contextOf(new OffscreenCanvas(1, 1) as unknown as HTMLCanvasElement, true);
  probe.drawImage(source, -column, -row);
  return Array.from(probe.getImageData(0, 0, 1, 1).data.subarray(0, components === 1 ? 1 : 3));
}

function contextOf(canvas: HTMLCanvasElement, isRead: boolean): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: isRead });
  if (!context) throw new Error("this browser gives no 2-D canvas");
  return context;
}

export class Raster {
  /** As large as the picture; keeps showing the last one until the next is painted. */
  readonly canvas = document.createElement("canvas");
  readonly #context = contextOf(this.canvas, false);
  readonly #shader = new Shader();
  #image: ImageData | null = null;
  #scratch: CanvasRenderingContext2D | null = null;

  paint({ head, values, source }: Picture, levels: Levels): void {
    this.#resize(head);
    if (values) this.#paintValues(values, head, levels);
    else if (source && isIdentity(levels)) this.#context.drawImage(source, 0, 0);
    else if (source) this.#paintShaded(source, head, levels);
  }

  #resize({ width, height }: PictureHead): void {
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.#image = null;
  }

  #paintValues(values: Values, head: PictureHead, levels: Levels): void {
    this.#image ??= new ImageData(head.width, head.height);
    this.#shader.shade(values, head, levels, new Uint32Array(this.#image.data.buffer));
    this.#context.putImageData(this.#image, 0, 0);
  }

  #paintShaded(source: ImageBitmap | VideoFrame, head: PictureHead, levels: Levels): void {
    const { width, height } = head;
    this.#scratch ??= contextOf(document.createElement("canvas"), true);
    const { canvas } = this.#scratch;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.#scratch.drawImage(source, 0, 0);
    const image = this.#scratch.getImageData(0, 0, width, height);
    this.#shader.reshade(image.data, levels);
    this.#context.putImageData(image, 0, 0);
  }
}
