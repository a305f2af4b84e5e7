import { expect, test } from "vitest";
import { opened, typed } from "../src/api";

// The bytes are written by hand after the description in viewer/envelope.py.
function envelope(head: string, payload: number[]): ArrayBuffer {
  const text = head.padEnd(Math.ceil((4 + head.length) / 8) * 8 - 4);
  const bytes = new Uint8Array(4 + text.length + payload.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(new TextEncoder().encode(text), 4);
  bytes.set(payload, 4 + text.length);
  return bytes.buffer;
}

test("an envelope is taken apart", () => {
  const { head, payload } = opened<{ seq: number }>(envelope('{"seq":7}', [1, 2, 3, 4]));
  expect(head.seq).toBe(7);
  expect([...payload]).toEqual([1, 2, 3, 4]);
});

test("values are little endian and lie where they came", () => {
  const { payload } = opened(envelope("{}", [0x34, 0x12, 0xff, 0xff]));
  const values = typed(payload, "int16");
  expect([...values]).toEqual([0x1234, -1]);
  expect(values.buffer).toBe(payload.buffer);
});

test("an envelope that promises more than it has is an error", () => {
  expect(() => opened(new Uint8Array([200, 0, 0, 0, 1]).buffer)).toThrow(RangeError);
});
