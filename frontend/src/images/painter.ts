// A canvas of the picture's size, painted on with Canvas2D: it needs no GPU, works over remote
// desktops, and is the texture of the picture in space.

import type { PictureHead } from "../api";
import { type Levels, isIdentity } from "./levels";
import { Shader, type Values } from "./shading";

/** One is shown, one waits for the screen, and the third is being made. */
const MOST_FREE = 2;

/** Red, green, blue and opacity; once closed its memory is used again. */
export class Pixels {
  constructor(
    readonly image: ImageData,
    private readonly free: ImageData[],
  ) {}

  close(): void {
    if (this.free.length < MOST_FREE) this.free.push(this.image);
  }
}

/** What a decoder made of a compressed picture. */
type Source = ImageBitmap | VideoFrame | Pixels;

/** A picture as it came: values, or what a decoder made of a compressed one. */
export interface Picture {
  head: PictureHead;
  /** Row by row, components interleaved; null where it came compressed. */
  values: Values | null;
  source: Source | null;
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
  source: Source,
  { components, width, height }: PictureHead,
  column: number,
  row: number,
): number[] {
  const count = components === 1 ? 1 : 3;
  if (source instanceof Pixels) {
    const start = 4 * (row * width + column);
    return Array.from(source.image.data.subarray(start, start + count));
  }
  probe ??= contextOf(new OffscreenCanvas(1, 1) as unknown as HTMLCanvasElement, true);
  probe.drawImage(source, -column, -row, width, height);
  return Array.from(probe.getImageData(0, 0, 1, 1).data.subarray(0, count));
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
    else if (source instanceof Pixels) this.#paintPixels(source.image, levels);
    else if (source && isIdentity(levels)) this.#draw(this.#context, source);
    else if (source) this.#paintShaded(source, levels);
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

  #paintPixels(pixels: ImageData, levels: Levels): void {
    if (isIdentity(levels)) return this.#context.putImageData(pixels, 0, 0);
    this.#image ??= new ImageData(pixels.width, pixels.height);
    this.#image.data.set(pixels.data);
    this.#shader.reshade(this.#image.data, levels);
    this.#context.putImageData(this.#image, 0, 0);
  }

  #paintShaded(source: ImageBitmap | VideoFrame, levels: Levels): void {
    const { width, height } = this.canvas;
    this.#scratch ??= contextOf(document.createElement("canvas"), true);
    const { canvas } = this.#scratch;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    this.#draw(this.#scratch, source);
    const image = this.#scratch.getImageData(0, 0, width, height);
    this.#shader.reshade(image.data, levels);
    this.#context.putImageData(image, 0, 0);
  }

  /** As many pixels as the picture has: a frame's own size of showing may be wider. */
  #draw(context: CanvasRenderingContext2D, source: ImageBitmap | VideoFrame): void {
    context.drawImage(source, 0, 0, this.canvas.width, this.canvas.height);
  }
}
