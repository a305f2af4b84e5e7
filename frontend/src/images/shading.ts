// Values of any type to RGBA, by window and level. Made for one stream: tables and buffers are kept
// from picture to picture.

import type { PictureHead, ScalarType } from "../api";
import { type Levels, isIdentity, shade } from "./levels";

export type Values =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

type Shape = Pick<PictureHead, "dtype" | "components">;

const OPAQUE = 0xff000000;
const GREY = 0x00010101;

/** How many values a table has to have; 0 where values are too many for one. */
function tableSize(dtype: ScalarType): number {
  if (dtype === "uint8" || dtype === "int8") return 256;
  return dtype === "uint16" || dtype === "int16" ? 65536 : 0;
}

/**
 * What each value is shown as, 0 to 255. The index is the value's bits read as unsigned: signed
 * types need no other code.
 */
export function table(dtype: ScalarType, levels: Levels): Uint8Array<ArrayBuffer> {
  const size = tableSize(dtype);
  const isSigned = dtype.startsWith("int");
  return Uint8Array.from({ length: size }, (_, index) =>
    shade(isSigned && index >= size / 2 ? index - size : index, levels),
  );
}

export class Shader {
  #table = new Uint8Array(0);
  /** The same as grey, opaque pixels. */
  #greys = new Uint32Array(0);
  #made = "";

  /**
   * Write pixels, red first. What a fourth value says of opacity is not minded: many senders leave
   * it 0.
   *
   * @param values components x pixels, interleaved
   * @param rgba one per pixel, red in the lowest byte
   */
  shade(values: Values, shape: Shape, levels: Levels, rgba: Uint32Array): void {
    if (!tableSize(shape.dtype)) return shadeByArithmetic(values, shape.components, levels, rgba);
    this.#prepare(shape.dtype, levels);
    const bits = unsigned(values);
    if (shape.components === 1) shadeGreys(bits, this.#greys, rgba);
    else if (shape.dtype === "uint8" && isIdentity(levels)) copyColors(bits, shape.components, rgba);
    else shadeColors(bits, shape.components, this.#table, rgba);
  }

  /** Bytes of RGBA by window and level, where they lie. */
  reshade(rgba: Uint8ClampedArray, levels: Levels): void {
    this.#prepare("uint8", levels);
    const shown = this.#table;
    for (let n = 0; n < rgba.length; n += 4) {
      rgba[n] = shown[rgba[n]!]!;
      rgba[n + 1] = shown[rgba[n + 1]!]!;
      rgba[n + 2] = shown[rgba[n + 2]!]!;
    }
  }

  #prepare(dtype: ScalarType, levels: Levels): void {
    const wanted = `${dtype} ${levels.window} ${levels.level}`;
    if (wanted === this.#made) return;
    this.#made = wanted;
    this.#table = table(dtype, levels);
    this.#greys = Uint32Array.from(this.#table, (grey) => (OPAQUE | (grey * GREY)) >>> 0);
  }
}

function unsigned(values: Values): Uint8Array | Uint16Array {
  const { buffer, byteOffset, length } = values;
  return values.BYTES_PER_ELEMENT === 1
    ? new Uint8Array(buffer, byteOffset, length)
    : new Uint16Array(buffer, byteOffset, length);
}

function shadeGreys(bits: Uint8Array | Uint16Array, greys: Uint32Array, rgba: Uint32Array): void {
  const count = Math.min(rgba.length, bits.length);
  for (let n = 0; n < count; n++) rgba[n] = greys[bits[n]!]!;
}

function copyColors(bits: Uint8Array | Uint16Array, components: number, rgba: Uint32Array): void {
  for (let n = 0, at = 0; n < rgba.length; n++, at += components) {
    rgba[n] = OPAQUE | (bits[at + 2]! << 16) | (bits[at + 1]! << 8) | bits[at]!;
  }
}

function shadeColors(
  bits: Uint8Array | Uint16Array,
  components: number,
  shown: Uint8Array,
  rgba: Uint32Array,
): void {
  for (let n = 0, at = 0; n < rgba.length; n++, at += components) {
    rgba[n] =
      OPAQUE | (shown[bits[at + 2]!]! << 16) | (shown[bits[at + 1]!]! << 8) | shown[bits[at]!]!;
  }
}

function shadeByArithmetic(
  values: Values,
  components: number,
  levels: Levels,
  rgba: Uint32Array,
): void {
  if (components === 1) {
    for (let n = 0; n < rgba.length; n++) rgba[n] = OPAQUE | (shade(values[n]!, levels) * GREY);
    return;
  }
  for (let n = 0, at = 0; n < rgba.length; n++, at += components) {
    const [red, green, blue] = [values[at]!, values[at + 1]!, values[at + 2]!];
    rgba[n] =
      OPAQUE | (shade(blue, levels) << 16) | (shade(green, levels) << 8) | shade(red, levels);
  }
}
