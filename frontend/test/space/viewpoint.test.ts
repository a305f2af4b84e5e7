import vtkCamera from "@kitware/vtk.js/Rendering/Core/Camera";
import { expect, test } from "vitest";
import { gridBelow } from "../../src/space/floor";
import { niceLength } from "../../src/space/letters";
import { around, Viewpoint, type Bounds } from "../../src/space/viewpoint";

const BOX: Bounds = [-50, 50, -50, 50, -50, 50];

function fitted(): Viewpoint {
  const viewpoint = new Viewpoint(vtkCamera.newInstance());
  viewpoint.fit(BOX, 1);
  return viewpoint;
}

function directions(viewpoint: Viewpoint): number[][] {
  return viewpoint.sides().map((side) => side.map((value) => Math.round(value * 1e6) / 1e6 + 0));
}

test("views hang pictures of patients as radiologists do", () => {
  const viewpoint = fitted();
  viewpoint.look("axial");
  expect(directions(viewpoint)).toEqual([[-1, 0, 0], [0, 1, 0]]);
  viewpoint.look("coronal");
  expect(directions(viewpoint)).toEqual([[-1, 0, 0], [0, 0, 1]]);
  viewpoint.look("sagittal");
  expect(directions(viewpoint)).toEqual([[0, -1, 0], [0, 0, 1]]);
});

test("dragging to the right turns the front to the right", () => {
  const viewpoint = fitted();
  viewpoint.look("coronal");
  viewpoint.orbit(90, 0);
  // The eye was in front and is now at the patient's right; the front is on the right.
  expect(directions(viewpoint)[0]).toEqual([0, 1, 0]);
});

test("dragging up shows what is below", () => {
  const viewpoint = fitted();
  viewpoint.look("coronal");
  viewpoint.orbit(0, 60);
  expect(viewpoint.saved()[2]).toBeLessThan(-100);
});

test("zooming by two halves what the picture shows; panning moves along", () => {
  const viewpoint = fitted();
  viewpoint.look("coronal");
  const height = viewpoint.height();
  viewpoint.zoom(2);
  expect(viewpoint.height()).toBeCloseTo(height / 2, 6);
  viewpoint.pan(0, 0.5);
  // The scene went up by half a picture: what is looked at lies lower.
  expect(viewpoint.saved()[5]).toBeCloseTo(-height / 4, 6);
});

test.each(["axial", "coronal", "sagittal", "oblique"] as const)("all of a box is seen, and no more: %s", (view) => {
  const camera = vtkCamera.newInstance();
  const viewpoint = new Viewpoint(camera);
  viewpoint.look(view);
  const box: Bounds = [10, 90, -300, 20, 5, 30];
  for (const aspect of [0.5, 1, 2]) {
    viewpoint.fit(box, aspect);
    // By columns, as vtk.js has matrices for its own use; from -1 to 1 is the picture.
    const m = camera.getCompositeProjectionMatrix(aspect, -1, 1) as unknown as number[];
    const reach = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => {
      const corner = [box[n & 1]!, box[2 + ((n >> 1) & 1)]!, box[4 + (n >> 2)]!, 1];
      const row = (i: number) => corner.reduce((sum, value, k) => sum + m[4 * i + k]! * value, 0);
      return [Math.abs(row(0) / row(3)), Math.abs(row(1) / row(3))] as const;
    });
    const [across, high] = [Math.max(...reach.map(([x]) => x)), Math.max(...reach.map(([, y]) => y))];
    expect(Math.max(across, high)).toBeLessThan(1);
    // What is wider than high leaves room in wide pictures: all is still seen when they get narrow.
    expect(Math.max(across * Math.max(aspect, 1), high / Math.min(aspect, 1))).toBeGreaterThan(0.94);
  }
});

test("the same is seen from another frame", () => {
  const viewpoint = fitted();
  viewpoint.look("coronal");
  // x to y, y to -x, then 7 mm along z.
  viewpoint.carry(Float64Array.of(0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 7, 0, 0, 0, 1));
  const [px, py, pz, , , fz] = viewpoint.saved();
  expect(px).toBeLessThan(-100);
  expect(py).toBeCloseTo(0, 6);
  expect([pz, fz]).toEqual([7, 7]);
});

test("a viewpoint can be left and found again", () => {
  const viewpoint = fitted();
  viewpoint.orbit(33, 12);
  const saved = viewpoint.saved();
  const other = new Viewpoint(vtkCamera.newInstance());
  other.restore(saved);
  expect(other.saved()).toEqual(saved);
});

test("boxes are put into one", () => {
  expect(around([])).toBeNull();
  expect(around([[0, 1, 0, 1, 0, 1], [5, 5, -2, 0, 0, 9]])).toEqual([0, 5, -2, 1, 0, 9]);
});

test("scale bars are 1, 2 or 5 times a power of ten", () => {
  expect([7.3, 4.9, 1.2, 250, 0.09].map(niceLength)).toEqual([5, 2, 1, 200, 0.05]);
});

test("the grid lies below, at whole multiples of its distance", () => {
  const { points, lines } = gridBelow([-40, 40, -30, 30, -12, 90]);
  const xs = new Set(points.filter((_, i) => i % 3 === 0));
  // 80 mm and a margin of 15 % on each side are 104 mm: lines 10 mm apart.
  expect([...xs].every((x) => Number.isInteger(x / 10))).toBe(true);
  expect(Math.min(...xs)).toBe(-60);
  // 3 % of 104 mm below the lowest.
  expect(points.every((z, i) => i % 3 !== 2 || Math.abs(z + 15.12) < 1e-9)).toBe(true);
  expect(lines.length).toBe(points.length / 2);
});

test("a picture that becomes narrower or wider shows the same across its smaller side", () => {
  const viewpoint = fitted();
  const height = viewpoint.height();
  viewpoint.shape(2);
  expect(viewpoint.height()).toBeCloseTo(height, 6);
  viewpoint.shape(0.5);
  expect(viewpoint.height() * 0.5).toBeCloseTo(height, 6);
  const wide = new Viewpoint(vtkCamera.newInstance());
  wide.shape(2);
  wide.restore(viewpoint.saved());
  expect(wide.height()).toBeCloseTo(height, 6);
});
