// Who is in the scene: one item for each tool, and for each row with pictures, points,
// trajectories or a surface. They come with what the store knows, and go with it.

import type { vtkRenderer } from "@kitware/vtk.js/Rendering/Core/Renderer";
import type { PoseSample, Row, RowId, Tool as ToolNews, ToolKey } from "../api";
import { seriesColour } from "../parts";
import { SceneFeed } from "./feed";
import type { Frames } from "./frames";
import type { Item } from "./item";
import { Marks } from "./marks";
import { Picture } from "./picture";
import type { Solid } from "./solid";
import type { Memory } from "./memory";
import { Surface } from "./surface";
import { idOf, Tool } from "./tool";

/** More things than this make pages slow, and nobody finds his own among them. */
const MOST = 300;

const KINDS = new Set(["IMAGE", "VIDEO", "POLYDATA", "POINT", "TRAJ"]);

/** What is the same thing also after another start of the server, which numbers rows anew. */
export function titleOf({ kind, name, id }: Item): string {
  return kind === "tool" ? id : `${kind} ${name}`;
}

/** One item, and how it is shown. */
export interface Entry {
  readonly item: Item;
  /** Whether somebody wants to see it. */
  wanted: boolean;
  opacity: number;
  isShown: boolean;
  /** What is wrong with what came, for people; "" when all is well. */
  note: string;
  /** Ends what brings it. */
  readonly end: () => void;
  /** Tells what brings it of what the store knows of its row. */
  readonly hear: (row: Row) => void;
  /** The bodies that the renderer has. */
  readonly drawn: Set<Solid>;
}

export class Cast {
  readonly entries = new Map<string, Entry>();
  /** Tools and rows that there is no room for. */
  readonly left = new Set<string>();
  private readonly toolOf = new Map<ToolKey, Tool>();

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

  shown(): Entry[] {
    return [...this.entries.values()].filter(({ isShown }) => isShown);
  }

  /** What somebody wants to see and does not, only because no transform leads there. */
  unplaced(frames: Frames): Item[] {
    if (frames.root === null) return [];
    const there = [...this.entries.values()].filter(({ wanted, item }) => wanted && item.isThere);
    return there.map(({ item }) => item).filter(({ frame }) => frames.lead(frame) === "none");
  }

  /** Something by its id; a tool by the key of any of its sources, too. */
  find(id: string): Entry | undefined {
    return this.entries.get(this.toolOf.get(id)?.id ?? id);
  }

  /** What people call a tool: its frame, and where it leads if others are called the same. */
  nameOf({ id, news }: Tool): string {
    const isAlone = this.tools().every((tool) => tool.id === id || tool.news.from !== news.from);
    return isAlone ? news.from : `${news.from} in ${news.to}`;
  }

  setTools(news: ReadonlyMap<ToolKey, ToolNews>): void {
    for (const one of news.values()) {
      if (one.what !== "sensor" && !this.toolOf.has(one.key)) this.meetTool(one);
    }
    for (const key of this.toolOf.keys()) if (!news.has(key)) this.toolOf.delete(key);
    const told = new Set(this.toolOf.values());
    this.keep((item) => !(item instanceof Tool) || told.has(item));
  }

  /** @param isLost says that nothing comes from any of them for now. */
  setRows(rows: ReadonlyMap<RowId, Row>, isLost: boolean): void {
    for (const row of rows.values()) {
      if (!this.entries.has(String(row.id))) this.meet(row);
      this.entries.get(String(row.id))?.hear(row);
    }
    this.keep((item) => item instanceof Tool || rows.has(Number(item.id)));
    if (!rows.size) this.left.clear();
    for (const tool of this.tools()) tool.sources.setRows(rows, isLost);
  }

  /** Take a pose; returns its tool, null where nobody has told of it. */
  takePose([key, time, twelve, status]: PoseSample): Tool | null {
    const tool = this.toolOf.get(key);
    if (!tool) return null;
    const before = tool.status;
    const wasThere = tool.isThere;
    tool.take(key, time, twelve, status);
    if (tool.isThere !== wasThere || tool.status !== before) this.other();
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

  private meetTool(news: ToolNews): void {
    const known = this.entries.get(idOf(news))?.item;
    if (known instanceof Tool) {
      known.sources.add(news);
      this.toolOf.set(news.key, known);
      return this.other();
    }
    if (!this.hasRoom(news.key)) return;
    const tool = new Tool(news, seriesColour(this.tools().length));
    tool.trail.setSeconds(this.memory.trail);
    this.toolOf.set(news.key, tool);
    this.add(tool);
  }

  private hasRoom(id: string): boolean {
    if (this.entries.size < MOST) return true;
    if (!this.left.has(id)) this.other();
    this.left.add(id);
    return false;
  }

  private meet(row: Row): void {
    const { id, device } = row;
    if (!KINDS.has(row.type) || !this.hasRoom(String(id))) return;
    if (row.type === "IMAGE" || row.type === "VIDEO") {
      const told = (isOther: boolean) => (isOther ? this.other() : this.painted());
      this.add(new Picture(id, device, told));
    } else if (row.type === "POLYDATA") this.addFed(new Surface(id, device));
    else if (row.type === "POINT") this.addFed(new Marks("points", id, device));
    else if (row.type === "TRAJ") this.addFed(new Marks("trajectories", id, device));
  }

  private addFed(item: Surface | Marks): void {
    const entry = this.add(item, () => feed.close(), (row) => feed.hear(row));
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

  private add(item: Item, end = () => {}, hear: Entry["hear"] = () => {}): Entry {
    const { wanted, opacity } = this.memory.shown.get(titleOf(item)) ?? { wanted: true, opacity: 1 };
    item.setWanted?.(wanted);
    item.setOpacity(opacity);
    const hidden = { isShown: false, note: "" };
    const entry: Entry = { item, wanted, opacity, ...hidden, end, hear, drawn: new Set() };
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
