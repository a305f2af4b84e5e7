// Frames of video as bytes. Where frames themselves are drawn, Chromium without a GPU holds hundreds
// of MiB of them for as long as the page is there; bytes are painted as fast, and are ours.

import type { PictureHead } from "../api";
import { Newest } from "./newest";
import { type Picture, Pixels } from "./painter";

const RGBA = { format: "RGBA" } as const;

/** Copies one frame after the other. Of those that come meanwhile the newest is the next. */
export class Copier {
  readonly #place = new Newest(() => void this.#work());
  readonly #free: ImageData[] = [];
  #isWorking = false;
  #isClosed = false;

  constructor(private readonly offer: (picture: Picture) => void) {}

  /** The frame is the copier's to close. */
  take(head: PictureHead, frame: VideoFrame): void {
    if (this.#isClosed) frame.close();
    else this.#place.offer({ head, values: null, source: frame });
  }

  close(): void {
    this.#isClosed = true;
    this.#place.discard();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let next = this.#place.take(); next; next = this.#place.take()) {
      const { head } = next.picture;
      const source = await this.#copied(next.picture.source as VideoFrame, head);
      if (this.#isClosed) source.close();
      else this.offer({ head: { ...head, skipped: next.skipped }, values: null, source });
    }
    this.#isWorking = false;
  }

  /** The frame's pixels; itself where this browser does not give them, or they are not so many. */
  async #copied(frame: VideoFrame, { width, height }: PictureHead): Promise<Pixels | VideoFrame> {
    try {
      const { visibleRect: shown } = frame;
      if (shown?.width !== width || shown.height !== height) return frame;
      if (frame.allocationSize(RGBA) !== 4 * width * height) return frame;
      const image = this.#image(width, height);
      await frame.copyTo(image.data, RGBA);
      frame.close();
      return new Pixels(image, this.#free);
    } catch {
      return frame;
    }
  }

  #image(width: number, height: number): ImageData {
    const image = this.#free.pop();
    return image?.width === width && image.height === height ? image : new ImageData(width, height);
  }
}
