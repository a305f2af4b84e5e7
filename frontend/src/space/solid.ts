// What vtk.js draws: arrays of numbers as a body that can be placed, coloured and hidden.

import vtkDataArray from "@kitware/vtk.js/Common/Core/DataArray";
import vtkPolyData from "@kitware/vtk.js/Common/DataModel/PolyData";
import vtkActor from "@kitware/vtk.js/Rendering/Core/Actor";
import vtkMapper from "@kitware/vtk.js/Rendering/Core/Mapper";
import { columnMajor, identity, type Matrix } from "./matrix";
import type { Shape } from "./shapes";

/** Cells of one kind, in VTK's form: n, i0, i1, ... */
export type Cells = Uint32Array | Uint16Array;

const placed = identity();

export class Solid {
  readonly data = vtkPolyData.newInstance();
  readonly mapper = vtkMapper.newInstance();
  readonly actor = vtkActor.newInstance();

  constructor() {
    this.mapper.setInputData(this.data);
    this.mapper.setScalarVisibility(false);
    this.actor.setMapper(this.mapper);
    const property = this.actor.getProperty();
    property.setAmbient(0.25);
    property.setDiffuse(0.8);
    property.setSpecular(0.12);
    property.setSpecularPower(20);
  }

  /** (n, 3) float32, mm. After changes in place, call it again. */
  setPoints(points: Float32Array): void {
    const array = this.data.getPoints();
    if (array.getData() !== points) array.setData(points, 3);
    // Not modified(): that leaves the bounds as they were, and with them what is clipped.
    array.dataChange();
    this.data.modified();
  }

  setCells(kind: "verts" | "lines" | "polys" | "strips", cells: Cells): void {
    const array = {
      verts: this.data.getVerts,
      lines: this.data.getLines,
      polys: this.data.getPolys,
      strips: this.data.getStrips,
    }[kind]();
    array.setData(cells);
    this.data.modified();
  }

  /** (n, 3) float32, or none: each triangle is flat then. */
  setNormals(normals: Float32Array | null): void {
    const array = normals && named("Normals", normals, 3);
    this.data.getPointData().setNormals(array as ReturnType<typeof named>);
    this.data.modified();
  }

  /** (n, 3 or 4) uint8 for points or cells; null: the one colour of its property. */
  setColours(colours: Uint8Array | null, on: "points" | "cells" = "points", components = 3): void {
    const attributes = { points: this.data.getPointData(), cells: this.data.getCellData() };
    for (const [where, data] of Object.entries(attributes)) {
      const array = colours && where === on ? named("Colours", colours, components) : null;
      data.setScalars(array as ReturnType<typeof named>);
    }
    this.mapper.setScalarVisibility(colours !== null);
    if (on === "points") this.mapper.setScalarModeToUsePointData();
    else this.mapper.setScalarModeToUseCellData();
    this.data.modified();
  }

  /** All of a shape at once, with its colours. */
  setShape(shape: Shape): void {
    this.setPoints(Float32Array.from(shape.points));
    this.setCells("polys", Uint32Array.from(shape.triangles));
    this.setNormals(Float32Array.from(shape.normals));
    this.setColours(Uint8Array.from(shape.colours));
  }

  /** Put it somewhere, grown about its origin. True where it was somewhere else. */
  place(matrix: Matrix, scale = 1): boolean {
    return this.actor.setUserMatrix(columnMajor(matrix, scale, placed) as never) as never;
  }

  dispose(): void {
    this.actor.delete();
    this.mapper.delete();
    this.data.delete();
  }
}

function named(name: string, values: Float32Array | Uint8Array, numberOfComponents: number) {
  return vtkDataArray.newInstance({ name, values, numberOfComponents });
}
