// Who is in the scene: one item for each tool, and for each row with pictures, points,
// trajectories or a surface. They come with what the store knows, and go with it.

import type { vtkRenderer } from "@kitware/vtk.js/Rendering/Core/Renderer";
import type { PoseSample, Row, RowId, Tool as ToolNews, ToolKey } from "../api";
import { seriesColour } from "../parts";
import { SceneFeed } from "./feed";
import type { Lead } from "./graph";
import type { Item } from "./item";
import { Marks } from "./marks";
import { Picture } from "./picture";
import type { Solid } from "./solid";
import type { Memory } from "./memory";
import { Surface } from "./surface";
import { Tool } from "./tool";

/** One item, and how it is shown. */
export interface Entry {
  readonly item: Item;
  /** Whether somebody wants to see it. */
  wanted: boolean;
  opacity: number;
  /** How its frame leads to the one that is shown. */
  lead: Lead;
  isShown: boolean;
  /** What is wrong with what came, for people; "" when all is well. */
  note: string;
  /** Ends what brings it. */
  readonly end: () => void;
  /** The bodies that the renderer has. */
  readonly drawn: Set<Solid>;
}

export class Cast {
  readonly entries = new Map<string, Entry>();

  /**
   * @param memory says how things that come are to be shown.
   * @param other is called when something is there, or is made, otherwise than before.
   * @param painted is called when a picture has another content.
   */
  constructor(
    private readonly renderer: vtkRenderer,
    private readonly memory: Pick<Memory, "trail" | "shown">,
    private readonly other: () => void,
    private readonly painted: () => void,
  ) {}

  tools(): Tool[] {
    return [...this.entries.values()].flatMap(({ item }) => (item instanceof Tool ? [item] : []));
  }

  /** What people call a tool: its frame, and its device where others are called the same. */
  nameOf({ id, news }: Tool): string {
    const isAlone = this.tools().every((tool) => tool.id === id || tool.news.from !== news.from);
    return isAlone ? news.from : `${news.from} \u00b7 ${news.device}`;
  }

  setTools(news: ReadonlyMap<ToolKey, ToolNews>): void {
    for (const one of news.values()) {
      if (one.what === "sensor" || this.entries.has(one.key)) continue;
      const tool = new Tool(one, seriesColour(this.tools().length));
      tool.trail.setSeconds(this.memory.trail);
      this.add(tool);
    }
    this.keep((item) => item.kind !== "tool" || news.has(item.id));
  }

  /** @param isLost says that nothing comes from any of them for now. */
  setRows(rows: ReadonlyMap<RowId, Row>, isLost: boolean): void {
    for (const row of rows.values()) if (!this.entries.has(String(row.id))) this.meet(row);
    this.keep((item) => item.kind === "tool" || rows.has(Number(item.id)));
    for (const tool of this.tools()) {
      const state = rows.get(tool.news.row)?.state;
      tool.isSilent = isLost || state === "silent" || state === "stale";
    }
  }

  /** Take a pose; returns its tool, null where nobody has told of it. */
  takePose([key, time, twelve, status]: PoseSample): Tool | null {
    const tool = this.entries.get(key)?.item;
    if (!(tool instanceof Tool)) return null;
    const wasThere = tool.isThere;
    tool.take(time, twelve, status);
    if (tool.isThere !== wasThere) this.other();
    return tool;
  }

  /** Let the renderer have the bodies that there are now. */
  enter(): void {
    for (const { item, drawn } of this.entries.values()) {
      for (const solid of drawn) if (!item.solids.includes(solid)) this.leave(drawn, solid);
      for (const solid of item.solids) {
        if (drawn.has(solid)) continue;
        this.renderer.addActor(solid.actor);
        drawn.add(solid);
      }
    }
  }

  dispose(): void {
    this.keep(() => false);
  }

  private meet(row: Row): void {
    const { id, device } = row;
    if (row.type === "IMAGE" || row.type === "VIDEO") {
      const told = (isOther: boolean) => (isOther ? this.other() : this.painted());
      this.add(new Picture(id, device, told));
    } else if (row.type === "POLYDATA") this.addFed(new Surface(id, device));
    else if (row.type === "POINT") this.addFed(new Marks("points", id, device));
    else if (row.type === "TRAJ") this.addFed(new Marks("trajectories", id, device));
  }

  private addFed(item: Surface | Marks): void {
    const entry = this.add(item, () => feed.close());
    const feed = new SceneFeed({
      row: Number(item.id),
      take: (head, payload) => {
        item.take(head, payload);
        this.other();
      },
      note: (text) => {
        if (text === entry.note) return;
        entry.note = text;
        this.other();
      },
    });
  }

  private add(item: Item, end = () => {}): Entry {
    const { wanted, opacity } = this.memory.shown.get(item.id) ?? { wanted: true, opacity: 1 };
    item.setWanted(wanted);
    item.setOpacity(opacity);
    const hidden = { lead: "none", isShown: false, note: "" } as const;
    const entry: Entry = { item, wanted, opacity, ...hidden, end, drawn: new Set() };
    this.entries.set(item.id, entry);
    this.other();
    return entry;
  }

  /** Let go of all others. */
  private keep(isKept: (item: Item) => boolean): void {
    for (const [id, { item, end, drawn }] of this.entries) {
      if (isKept(item)) continue;
      end();
      for (const solid of drawn) this.leave(drawn, solid);
      item.dispose();
      this.entries.delete(id);
      this.other();
    }
  }

  private leave(drawn: Set<Solid>, solid: Solid): void {
    this.renderer.removeActor(solid.actor);
    drawn.delete(solid);
  }
}
