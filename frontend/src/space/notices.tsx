// What must not be overlooked, over the picture itself: what is missing in it, and on whose word
// something is where it is drawn.

import { computed } from "@preact/signals";
import { Button } from "../parts";
import { rows } from "../store";
import type { Scene } from "./scene";

/** So many names of missing things are said. */
const MOST_NAMES = 3;

export function Notices({ scene }: { scene: Scene }) {
  const { left } = scene.cast;
  return (
    <div class="space-notices" role="status">
      {scene.frames.graph.equal().length > 0 && <Equal scene={scene} />}
      <Unplaced scene={scene} />
      <Quarrels scene={scene} />
      <LeftOut />
      {left.size > 0 && <p>Too many things: {left.size} more are left out.</p>}
    </div>
  );
}

const leftOut = computed(() =>
  [...rows.value.values()].flatMap((row) => (row.left_out ? `${row.device || row.type}: ${row.left_out}` : [])),
);

/** What igtl view does not follow of devices with very many tools. */
export function LeftOut() {
  const more = leftOut.value.length - MOST_NAMES;
  return (
    <>
      {leftOut.value.slice(0, MOST_NAMES).map((text) => (
        <p key={text}>{text}.</p>
      ))}
      {more > 0 && <p>The same of {more} more: their details tell.</p>}
    </>
  );
}

/** Things without a way to the shown frame; a person may know that two frames are one. */
function Unplaced({ scene }: { scene: Scene }) {
  const things = scene.cast.unplaced(scene.frames);
  const root = scene.root!;
  return [...new Set(things.map(({ frame }) => frame))].map((frame) => {
    const names = things.filter((item) => item.frame === frame).map(({ name }) => name);
    const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
    return (
      <p key={frame}>
        <span>
          <strong>Not shown: {names.slice(0, MOST_NAMES).join(", ") + more}.</strong> No transform leads
          from {frame} to {root}.
        </span>
        <Button
          label={`${frame} is ${root}`}
          title={`Draw them as if the frames ${frame} and ${root} were one and the same`}
          onClick={() => {
            scene.frames.equate(frame, root);
            scene.other();
          }}
        />
      </p>
    );
  });
}

/** Tools of which two devices tell different places. */
function Quarrels({ scene }: { scene: Scene }) {
  return scene.cast.tools().map((tool) => {
    const quarrel = tool.sources.quarrel();
    if (!quarrel) return null;
    return (
      <p key={tool.id}>
        <span>
          <strong>{scene.cast.nameOf(tool)}:</strong> {quarrel} disagree; the newest pose is drawn.
        </span>
      </p>
    );
  });
}

/** Frames that a person said are one. */
function Equal({ scene }: { scene: Scene }) {
  const pairs = scene.frames.graph.equal();
  return (
    <p>
      <span>
        <strong>You said: {pairs.map(([one, other]) => `${one} is ${other}`).join("; ")}.</strong> It
        holds where no transform leads.
      </span>
      <Button
        label="Take back"
        icon="reset"
        onClick={() => {
          scene.frames.separate();
          scene.other();
        }}
      />
    </p>
  );
}
