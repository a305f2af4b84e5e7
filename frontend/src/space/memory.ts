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
  /** Whether the scene may take frames as one by itself: `onlyRoom` says which. */
  mayAssume: boolean;
  /** By items' ids. */
  shown: Map<string, { wanted: boolean; opacity: number }>;
}

export function newMemory(): Memory {
  return {
    chosen: null,
    viewpoint: null,
    trail: 2,
    hasFloor: true,
    equal: [],
    mayAssume: true,
    shown: new Map(),
  };
}
