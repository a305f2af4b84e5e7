// What shall be the same when somebody comes back to the scene.

export interface Memory {
  /** The frame that somebody chose; null lets the scene choose. */
  chosen: string | null;
  /** As of `Viewpoint.saved`; null until somebody has moved it. */
  viewpoint: number[] | null;
  /** How many seconds of trail tools have. */
  trail: number;
  hasFloor: boolean;
  /** Frames that somebody said are one. */
  equal: [string, string][];
  /** By what things are, as of `Cast`. */
  shown: Map<string, { wanted: boolean; opacity: number }>;
}

export function newMemory(): Memory {
  return {
    chosen: null,
    viewpoint: null,
    trail: 2,
    hasFloor: true,
    equal: [],
    shown: new Map(),
  };
}
