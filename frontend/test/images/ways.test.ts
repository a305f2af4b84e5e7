import { expect, test } from "vitest";
import { type Abilities, bestWay, canGo, chosenWay, startingWay, whyNot } from "../../src/images/ways";

type Shape = Parameters<typeof bestWay>[0];

function shape(width: number, height: number, more: Partial<Shape> = {}): Shape {
  return { width, height, components: 1, dtype: "uint8", volume: null, ...more };
}

function abilities(more: Partial<Abilities> = {}): Abilities {
  return { near: false, serves: { sent: false, h264: true, jpeg: true }, decodes: true, ...more };
}

const GREY_VGA = shape(640, 480);
const CT: Shape = shape(512, 512, {
  dtype: "int16",
  volume: { size: [512, 512, 100], axis: "k", slice: 0 },
});

test("on the same machine nothing is compressed", () => {
  expect(bestWay(GREY_VGA, abilities({ near: true }))).toBe("raw");
  expect(bestWay(shape(1920, 1080), abilities({ near: true }))).toBe("raw");
  expect(bestWay(shape(1920, 1080, { components: 3 }), abilities({ near: true }))).toBe("h264");
});

test("over a network large streams are H.264, small ones raw", () => {
  expect(bestWay(GREY_VGA, abilities())).toBe("h264");
  expect(bestWay(shape(320, 240), abilities())).toBe("raw");
});

test("JPEG where H.264 cannot be decoded, raw where nothing can be compressed", () => {
  expect(bestWay(GREY_VGA, abilities({ decodes: false }))).toBe("jpeg");
  expect(bestWay(GREY_VGA, abilities({ serves: { sent: false, h264: false, jpeg: false } }))).toBe("raw");
});

test("values that a lossy way would change stay raw, slices of volumes too", () => {
  for (const dtype of ["int16", "uint16", "float32"] as const) {
    expect(bestWay(shape(1920, 1080, { dtype }), abilities())).toBe("raw");
  }
  expect(bestWay(shape(1920, 1080, { components: 4 }), abilities())).toBe("raw");
  expect(bestWay(CT, abilities())).toBe("raw");
  expect(bestWay({ ...CT, dtype: "uint8" }, abilities())).toBe("raw");
});

test("what the user wants is done where it can be", () => {
  expect(chosenWay("jpeg", GREY_VGA, abilities({ near: true }))).toEqual({ way: "jpeg", why: "" });
  expect(chosenWay("raw", GREY_VGA, abilities())).toEqual({ way: "raw", why: "" });
  expect(canGo("jpeg", shape(64, 64, { volume: { size: [64, 64, 9], axis: "k", slice: 1 } }), abilities())).toBe(true);
});

test("where it cannot be, it is said why", () => {
  expect(chosenWay("jpeg", CT, abilities())).toEqual({
    way: "raw",
    why: "JPEG would change int16 values: shown raw",
  });
  expect(chosenWay("h264", GREY_VGA, abilities({ serves: { sent: false, h264: false, jpeg: true } }))).toEqual({
    way: "jpeg",
    why: "igtl view cannot make H.264 here: pip install 'igtl[video]' where it runs",
  });
  expect(chosenWay("h264", GREY_VGA, abilities({ decodes: false })).why).toMatch(/localhost|cannot decode/);
});

test("only ways that cannot be gone have a reason", () => {
  const poor = abilities({ serves: { sent: false, h264: false, jpeg: true } });
  const reasons = (["h264", "jpeg", "raw"] as const).map((way) => whyNot(way, GREY_VGA, poor) !== "");
  expect(reasons).toEqual([true, false, false]);
});

test("VIDEO is shown as it was sent, near and far, by whoever decodes it", () => {
  const serves = { sent: true, h264: true, jpeg: true };
  for (const near of [true, false]) {
    expect(bestWay(shape(64, 64), abilities({ near, serves }))).toBe("sent");
    expect(bestWay(shape(64, 64), abilities({ near, serves, decodes: false }))).toBe("raw");
  }
  expect(startingWay("auto", abilities({ serves }))).toBe("sent");
  expect(startingWay("auto", abilities({ serves, decodes: false }))).toBe("raw");
  expect(startingWay("jpeg", abilities({ serves }))).toBe("raw");
  expect(startingWay("auto", abilities())).toBe("raw");
  expect(chosenWay("sent", GREY_VGA, abilities()).why).toMatch("comes as VIDEO");
});
