// Frames are played by hand: when they are copied, and whether they can be.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PictureHead } from "../../src/api";
import { Copier } from "../../src/images/copier";
import { type Picture, Pixels, closePicture, valuesAt } from "../../src/images/painter";

const [WIDTH, HEIGHT] = [2, 1];

class Image {
  readonly data: Uint8ClampedArray;
  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }
}

class Frame {
  static all: Frame[] = [];
  visibleRect = { width: WIDTH, height: HEIGHT };
  bytes = 4 * WIDTH * HEIGHT;
  isClosed = false;
  done!: () => void;
  fail!: (error: Error) => void;
  constructor(readonly value: number) {
    Frame.all.push(this);
  }
  allocationSize({ format }: { format: string }): number {
    expect(format).toBe("RGBA");
    return this.bytes;
  }
  copyTo(data: Uint8ClampedArray): Promise<void> {
    return new Promise((resolve, reject) => {
      this.done = () => resolve(void data.fill(this.value));
      this.fail = reject;
    });
  }
  close(): void {
    this.isClosed = true;
  }
}

let offered: Picture[];
let copier: Copier;

beforeEach(() => {
  vi.stubGlobal("ImageData", Image);
  Frame.all = [];
  offered = [];
  copier = new Copier((picture) => offered.push(picture));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

function taken(seq: number, parts: object = {}): Frame {
  const frame = Object.assign(new Frame(seq), parts);
  const head = { seq, width: WIDTH, height: HEIGHT, components: 3, skipped: 0 } as PictureHead;
  copier.take(head, frame as unknown as VideoFrame);
  return frame;
}

async function settled(act: () => void): Promise<void> {
  act();
  await new Promise((resolve) => setTimeout(resolve));
}

function isClosed(): boolean[] {
  return Frame.all.map((frame) => frame.isClosed);
}

test("what is offered are the frame's values; the frame is closed", async () => {
  const frame = taken(7);
  await settled(() => frame.done());
  expect(offered[0]!.source).toBeInstanceOf(Pixels);
  expect(valuesAt(offered[0]!, 1, 0)).toEqual([7, 7, 7]);
  expect(frame.isClosed).toBe(true);
});

test("of frames that come during the copying the newest is the next, and the others are counted", async () => {
  const [first, , , last] = [1, 2, 3, 4].map((seq) => taken(seq));
  expect(isClosed()).toEqual([false, true, true, false]);
  await settled(() => first!.done());
  await settled(() => last!.done());
  expect(offered.map(({ head }) => [head.seq, head.skipped])).toEqual([[1, 0], [4, 2]]);
  expect(isClosed()).toEqual([true, true, true, true]);
});

test("memory is used again when its picture is closed, and not before", async () => {
  for (const seq of [1, 2, 3]) {
    const frame = taken(seq);
    await settled(() => frame.done());
    if (seq === 2) closePicture(offered[0]!);
  }
  const [first, second, third] = offered.map(({ source }) => (source as Pixels).image);
  expect(second).not.toBe(first);
  expect(third).toBe(first);
});

test.each([
  ["this browser gives no RGBA", { bytes: 3 }],
  ["its pixels are more than the head says", { visibleRect: { width: 3, height: 1 } }],
])("where %s the frame itself is offered, open", async (_, parts) => {
  await settled(() => taken(1, parts));
  expect(offered.map(({ source }) => source)).toEqual(Frame.all);
  expect(isClosed()).toEqual([false]);
});

test("a frame that cannot be copied is offered itself", async () => {
  const frame = taken(1);
  await settled(() => frame.fail(new Error("no")));
  expect(offered.map(({ source }) => source)).toEqual([frame]);
});

test("closed is closed: all frames are, and nothing is offered", async () => {
  const first = taken(1);
  taken(2);
  copier.close();
  await settled(() => first.done());
  taken(3);
  expect([offered, isClosed()]).toEqual([[], [true, true, true]]);
});
