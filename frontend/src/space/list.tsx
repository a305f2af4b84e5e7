// What is in the scene as text: what is shown and how, where the tools are, and what is missing.

import { Select, Toggle, format } from "../parts";
import { visible } from "../plots/lines";
import { rows } from "../store";
import type { Entry } from "./cast";
import { COLOUR_MAPS } from "./colours";
import type { Item, Kind } from "./item";
import { angles } from "./matrix";
import { Picture } from "./picture";
import type { Axis } from "./plane";
import type { Scene } from "./scene";
import { endpointOf } from "./sources";
import { Surface } from "./surface";
import { Tool } from "./tool";

const TITLES: readonly [Kind, string][] = [
  ["tool", "Tools"],
  ["picture", "Pictures"],
  ["surface", "Surfaces"],
  ["points", "Points"],
  ["trajectories", "Trajectories"],
];

export function List({ scene }: { scene: Scene }) {
  const entries = [...scene.cast.entries.values()];
  return (
    <aside class="space-list" aria-label="What is in the scene">
      <Extras scene={scene} />
      {TITLES.map(([kind, title]) => {
        const own = entries.filter(({ item }) => item.kind === kind);
        if (!own.length) return null;
        return (
          <section key={kind} aria-label={title}>
            <h3>{title}</h3>
            {own.map((entry) => (
              <One key={entry.item.id} scene={scene} entry={entry} />
            ))}
            {kind === "tool" && <Poses scene={scene} />}
          </section>
        );
      })}
    </aside>
  );
}

const TRAILS = [0, 2, 10];

/** What is drawn besides. */
function Extras({ scene }: { scene: Scene }) {
  const { trail, hasFloor } = scene.memory;
  return (
    <div class="space-extras">
      <Select
        label="Trails"
        title="The way of each tool in the last seconds"
        value={String(trail)}
        choices={TRAILS.map((s) => ({ value: String(s), label: s ? `${s} s` : "None" }))}
        onChange={(seconds) => scene.setTrail(Number(seconds))}
      />
      <Toggle
        label="Grid"
        title="A grid below the scene"
        on={hasFloor}
        onClick={() => scene.setFloor(!hasFloor)}
      />
    </div>
  );
}

/** One thing: whether it is shown, how solid, and why it is not. */
function One({ scene, entry }: { scene: Scene; entry: Entry }) {
  const { item, wanted, opacity } = entry;
  const why = scene.why(entry);
  const name = visible(item instanceof Tool ? scene.cast.nameOf(item) : nameOf(scene, item));
  return (
    <div class="space-thing">
      <div class="space-thing-head">
        <label class="space-check cut" title={item instanceof Tool ? visible(item.name) : name}>
          <input
            type="checkbox"
            checked={wanted}
            onChange={(event) => scene.change(item.id, { wanted: event.currentTarget.checked })}
          />
          {item instanceof Tool && <Swatch colour={item.colour} />}
          <span class="cut">{name}</span>
        </label>
        <input
          class="space-opacity"
          type="range"
          min="0.05"
          max="1"
          step="0.05"
          value={opacity}
          aria-label={`Opacity of ${name}`}
          title={`Opacity ${Math.round(opacity * 100)} %`}
          onInput={(event) => scene.change(item.id, { opacity: Number(event.currentTarget.value) })}
        />
      </div>
      {item instanceof Tool && <Devices tool={item} />}
      {why && (
        <p class="space-why">
          <span class="is-warn">
            {entry.isShown ? "" : "Not shown: "}
            {why}.
          </span>
        </p>
      )}
      {item instanceof Picture && item.volume && <Slices scene={scene} picture={item} />}
      {item instanceof Surface && item.scalars.length > 0 && <Scalars scene={scene} surface={item} />}
    </div>
  );
}

/** What of several servers is called the same is named with its server. */
function nameOf({ cast }: Scene, { id, kind, name }: Item): string {
  const others = [...cast.entries.values()].map(({ item }) => item);
  const isAlone = others.every((one) => one.id === id || one.kind !== kind || one.name !== name);
  return isAlone ? name : `${name} of ${endpointOf(rows.value.get(Number(id)))}`;
}

/** Who tells of a tool, where several do. */
function Devices({ tool: { sources } }: { tool: Tool }) {
  if (sources.keys.length < 2) return null;
  return <p class="space-why muted">From {sources.devices.join(", ")}; the newest pose is drawn.</p>;
}

function Swatch({ colour }: { colour: string }) {
  return (
    <svg class="space-swatch" viewBox="0 0 10 10" aria-hidden="true">
      <circle cx="5" cy="5" r="5" fill={colour} />
    </svg>
  );
}

/** Where each tool is: the same as the picture shows, to be read. */
function Poses({ scene }: { scene: Scene }) {
  return (
    <div class="space-poses">
      <table>
        <caption>
          In {scene.root ?? "no frame yet"}: position in mm, turned by degrees about x, y, z
        </caption>
        <thead>
          <tr>
            <th scope="col">Tool</th>
            <th scope="col">x</th>
            <th scope="col">y</th>
            <th scope="col">z</th>
          </tr>
        </thead>
        {scene.cast.tools().map((tool) => (
          <Pose key={tool.id} scene={scene} tool={tool} />
        ))}
      </table>
      <p class="space-legend-text muted">
        Arrows: x red, y green, z blue, from a tool's origin. No device tells its shape: what is called a
        needle, stylus or pointer is drawn along {"\u2212"}z.
      </p>
    </div>
  );
}

function Pose({ scene, tool }: { scene: Scene; tool: Tool }) {
  const isShown = scene.cast.entries.get(tool.id)?.isShown ?? false;
  const isSelected = scene.selected === tool.id || scene.hovered === tool.id;
  const numbers = isShown ? [...tool.shown.subarray(0, 12)] : [];
  const state = tool.doubt();
  return (
    <tbody
      class={isSelected ? "is-selected" : undefined}
      data-testid={`pose-${tool.name}`}
      data-pose={numbers.join(" ")}
      onClick={() => scene.select(scene.selected === tool.id ? null : tool.id)}
    >
      <tr>
        <th scope="row" rowSpan={2}>
          {visible(scene.cast.nameOf(tool))}
          {state && <span class="is-warn space-state">{state}</span>}
        </th>
        {tool.position().map((value, i) => (
          <td key={i}>{isShown ? format.fixed(value, 3) : "\u2013"}</td>
        ))}
      </tr>
      <tr class="muted">
        {angles(tool.shown).map((value, i) => (
          <td key={i}>{isShown && !tool.isPoint ? `${format.fixed(value, 1)}°` : "\u2013"}</td>
        ))}
      </tr>
    </tbody>
  );
}

const AXES: readonly Axis[] = ["i", "j", "k"];

/** Which slices of a volume are shown. */
function Slices({ scene, picture }: { scene: Scene; picture: Picture }) {
  const shown = picture.axes();
  const toggle = (axis: Axis) => {
    const others = AXES.filter((one) => (one === axis) !== shown.includes(one));
    if (others.length) picture.setAxes(others);
    scene.other();
  };
  return (
    <div class="space-slices">
      {AXES.map((axis, i) => {
        const last = picture.volume![i]! - 1;
        const index = picture.slice(axis) ?? (last + 1) >> 1;
        const isShown = shown.includes(axis);
        return (
          <div key={axis} class="space-slice">
            <Toggle
              label={axis}
              title={`Slices across axis ${axis} of ${picture.name}`}
              on={isShown}
              onClick={() => toggle(axis)}
            />
            <input
              type="range"
              min="0"
              max={last}
              value={index}
              disabled={!isShown}
              aria-label={`Slice of ${picture.name} across ${axis}`}
              onInput={(event) => {
                picture.setSlice(axis, Number(event.currentTarget.value));
                scene.other();
              }}
            />
            <span class="number muted">{isShown ? `${index} / ${last}` : ""}</span>
          </div>
        );
      })}
    </div>
  );
}

/** By which of its arrays a surface is coloured, and what the colours mean. */
function Scalars({ scene, surface }: { scene: Scene; surface: Surface }) {
  const { scalar, map, range, scalars } = surface;
  const paint = (scalar: string, map: string) => {
    surface.colourBy(scalar, map);
    scene.other();
  };
  return (
    <div class="space-scalars">
      <Select
        label={`Colour of ${surface.name} by`}
        hideLabel
        value={scalar}
        choices={[{ value: "", label: "No array" }, ...scalars.map((n) => ({ value: n, label: n || "(no name)" }))]}
        onChange={(name) => paint(name, map)}
      />
      <Select
        label={`Colours of ${surface.name}`}
        hideLabel
        value={map}
        disabled={scalar === ""}
        choices={Object.keys(COLOUR_MAPS).map((name) => ({ value: name, label: name }))}
        onChange={(name) => paint(scalar, name)}
      />
      {range && (
        <div class="space-legend number">
          <span>{format.short(range[0])}</span>
          <Ramp map={map} />
          <span>{format.short(range[1])}</span>
        </div>
      )}
    </div>
  );
}

function Ramp({ map }: { map: string }) {
  const colours = COLOUR_MAPS[map]!;
  const id = `ramp-${map.replaceAll(" ", "-")}`;
  return (
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <linearGradient id={id}>
        {colours.map((colour, i) => (
          <stop key={i} offset={i / (colours.length - 1)} stop-color={`rgb(${colour})`} />
        ))}
      </linearGradient>
      <rect width="100" height="8" fill={`url(#${id})`} />
    </svg>
  );
}
