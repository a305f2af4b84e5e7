// The panel of the 3-D scene: what is drawn, the controls above it and the list beside it.

import { effect } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Nothing } from "../frame/nothing";
import { Button, Failure, format, Select, Toggle, Toolbar, theme, useKey } from "../parts";
import { save as saveFile } from "../parts/files";
import { linkState, newestPoses, onJump, onPoses, rows, serverNow, tools } from "../store";
import { List } from "./list";
import { angles } from "./matrix";
import { newMemory } from "./memory";
import { Notices } from "./notices";
import { Scene } from "./scene";
import { NoGraphics } from "./stage";
import { Tool } from "./tool";
import type { View } from "./viewpoint";

/** How often numbers beside the picture are written anew, ms. */
const READING_MS = 100;
/** A panel at least so wide has room for the list beside the picture, CSS pixels. */
const WIDE = 760;

const memory = newMemory();

export function Space() {
  const panel = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [scene, failure] = useScene(host);
  const [wish, setWish] = useState<boolean | null>(null);
  const isWide = useIsWide(panel);
  const hasList = wish ?? isWide;
  useKey("f", () => scene?.fit());
  useKey("Home", () => scene?.look("oblique"));
  if (failure) return <NoPicture text={failure} />;
  return (
    <div class="space" ref={panel}>
      {scene && <Controls scene={scene} hasList={hasList} setHasList={setWish} />}
      <div class="space-body">
        <div class="space-picture">
          <div
            class="space-stage"
            ref={host}
            tabIndex={0}
            role="application"
            aria-label="3-D scene: arrow keys turn it, with Shift they move it, + and - zoom, F fits, Home resets. The list has the same as text."
          />
          {scene && <Reading scene={scene} />}
          {scene && <NoThings scene={scene} />}
          {scene && <Notices scene={scene} />}
        </div>
        {scene && hasList && <List scene={scene} />}
      </div>
    </div>
  );
}

/** Whether there is room for the list, as long as nobody says whether it shall be there. */
function useIsWide(panel: RefObject<HTMLElement | null>): boolean {
  const [isWide, setIsWide] = useState(false);
  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => setIsWide(entry!.contentRect.width >= WIDE));
    if (panel.current) sizes.observe(panel.current);
    return () => sizes.disconnect();
  }, []);
  return isWide;
}

/** The scene while the panel is shown, or why there is none. Drawn anew when things are others. */
function useScene(host: RefObject<HTMLDivElement | null>): [Scene | null, string] {
  const [scene, setScene] = useState<Scene | null>(null);
  const [failure, setFailure] = useState("");
  const [, setVersion] = useState(0);
  useEffect(() => {
    try {
      const made = new Scene(host.current!, memory, () => setVersion((version) => version + 1));
      setScene(made);
      return live(made, () => setVersion((version) => version + 1));
    } catch (error) {
      if (!(error instanceof NoGraphics)) throw error;
      setFailure(error.message);
      return undefined;
    }
  }, []);
  return [scene, failure];
}

/** Give the scene what the store has and gets; returns what ends it. */
function live(scene: Scene, read: () => void): () => void {
  const ends = [
    effect(() => scene.setTools(tools.value)),
    effect(() => scene.setRows(rows.value, linkState.value !== "open")),
    effect(() => {
      theme.value;
      // The page has its new colours after this: theme.ts listens, too.
      queueMicrotask(() => scene.restyle());
    }),
    onPoses((samples) => scene.takePoses(samples)),
    onJump(() => scene.clearTrails()),
  ];
  scene.takePoses([...newestPoses.values()]);
  let frames = -1;
  const timer = setInterval(() => {
    if (scene.stage.frames !== frames) read();
    frames = scene.stage.frames;
  }, READING_MS);
  Object.assign(globalThis, { igtlSpace: probes(scene) });
  return () => {
    clearInterval(timer);
    for (const end of ends) end();
    scene.dispose();
    Object.assign(globalThis, { igtlSpace: undefined });
  };
}

/** For tests in browsers: what is drawn, and where. */
function probes(scene: Scene) {
  return {
    frames: () => scene.stage.frames,
    position: (key: string) => scene.position(key),
    project: (place: [number, number, number]) => scene.stage.projection()(...place).slice(0, 2),
    root: () => scene.root,
    viewpoint: () => scene.stage.viewpoint.saved(),
  };
}

interface ControlsParts {
  scene: Scene;
  hasList: boolean;
  setHasList: (has: boolean) => void;
}

/** The view, its name and what it is: of a patient, and of a frame whose axes have no such names. */
const VIEWS: readonly [View, [string, string], [string, string]][] = [
  [
    "axial",
    ["Axial", "From the feet, front up, the patient's left on the right"],
    ["Along z", "Looking along z, y up"],
  ],
  [
    "coronal",
    ["Coronal", "From the front, head up, the patient's left on the right"],
    ["Along \u2212y", "Looking against y, z up"],
  ],
  [
    "sagittal",
    ["Sagittal", "From the left, head up, front on the left"],
    ["Along x", "Looking along x, z up"],
  ],
  [
    "oblique",
    ["3-D", "From the front, the right and above, as at the start (Home)"],
    ["3-D", "Obliquely from above, as at the start (Home)"],
  ],
];

function Controls({ scene, hasList, setHasList }: ControlsParts) {
  return (
    <Toolbar label="Space">
      <Frames scene={scene} />
      <span class="space-views" role="group" aria-label="Views">
        {VIEWS.map(([view, ...names]) => {
          const [label, title] = names[scene.frames.isPatient ? 0 : 1];
          return <Button key={view} label={label} title={title} onClick={() => scene.look(view)} />;
        })}
      </span>
      <Button label="Fit" icon="fit" title="See everything (F)" onClick={() => scene.fit()} />
      <Followed scene={scene} />
      <span class="spring" />
      <Button label="Save picture" icon="camera" hideLabel onClick={() => void save(scene)} />
      <Toggle
        label="List"
        icon="menu"
        title="What is in the scene, and where"
        on={hasList}
        onClick={() => setHasList(!hasList)}
      />
    </Toolbar>
  );
}

/** In which coordinate frame all is shown. */
function Frames({ scene }: { scene: Scene }) {
  const automatic = scene.root === null ? "Automatic" : `Automatic (${scene.root})`;
  // What somebody chose stays a choice, also while no transform has it.
  const known = new Set([...scene.frames.graph.frames(), memory.chosen ?? scene.root ?? ""]);
  known.delete("");
  const frames = [...known].map((frame) => ({ value: `=${frame}`, label: frame }));
  return (
    <Select
      label="Show in"
      title="The coordinate frame that stands still"
      value={memory.chosen === null ? "" : `=${memory.chosen}`}
      choices={[{ value: "", label: memory.chosen === null ? automatic : "Automatic" }, ...frames]}
      onChange={(value) => scene.choose(value === "" ? null : value.slice(1))}
    />
  );
}

function Followed({ scene }: { scene: Scene }) {
  const choices = scene.cast
    .tools()
    .map((tool) => ({ value: tool.id, label: `Follow ${scene.cast.nameOf(tool)}` }));
  return (
    <Select
      label="Follow"
      hideLabel
      title="The picture moves along with a tool"
      value={scene.sight.following ?? ""}
      choices={[{ value: "", label: "Follow nothing" }, ...choices]}
      onChange={(key) => scene.follow(key === "" ? null : key)}
    />
  );
}

/** Save what is seen as a file of the browser's downloads. */
async function save(scene: Scene): Promise<void> {
  saveFile(await scene.stage.picture(), "space", "png", serverNow());
}

/** Where the tool is that the pointer rests on, or that was clicked. */
function Reading({ scene }: { scene: Scene }) {
  const entry = scene.cast.find(scene.hovered ?? scene.selected ?? "");
  if (!entry?.isShown || !(entry.item instanceof Tool)) return null;
  const tool = entry.item;
  const place = tool.position().map((value) => format.fixed(value, 2));
  const turn = angles(tool.shown).map((value) => `${format.fixed(value, 1)}°`);
  return (
    <div class="space-reading number">
      <strong>{scene.cast.nameOf(tool)}</strong>
      <span>{place.join("  ")} mm</span>
      <span class="muted">
        {tool.isPoint ? "" : `${turn.join("  ")} `}in {scene.root}
      </span>
    </div>
  );
}

/** What to do as long as there is nothing to be seen. */
function NoThings({ scene }: { scene: Scene }) {
  const entries = [...scene.cast.entries.values()];
  if (entries.some(({ item }) => item.isThere)) return null;
  return (
    <div class="space-nothing">
      <Nothing
        icon="space"
        title="Nothing with a place yet"
        text="Send a tool's pose (TRANSFORM, POSITION, TDATA or QTDATA), an IMAGE, a VIDEO, POLYDATA, POINT or TRAJ."
      />
    </div>
  );
}

function NoPicture({ text }: { text: string }) {
  return (
    <Failure
      title="No 3-D picture"
      text={`This browser draws nothing in three dimensions here: ${text}. Turn on hardware acceleration in its settings, update it, or try another one. All other panels work without it; Plots shows positions.`}
    >
      <Button label="Try again" icon="reset" onClick={() => location.reload()} />
    </Failure>
  );
}
