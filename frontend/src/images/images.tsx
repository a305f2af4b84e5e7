// The panel of pictures: one, two or four side by side, with the controls of the active one on top.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Nothing } from "../frame/nothing";
import { Button, Empty, Select, Toggle, Toolbar, useKey } from "../parts";
import { Adjusting } from "./adjusting";
import type { Cell } from "./cell";
import { type Count, active, cellCount, cells, offerNames, offers, shown } from "./choosing";
import { freeze, GESTURES } from "./gestures";
import { GlyphToggle } from "./glyphs";
import { Picture } from "./picture";
import { savePicture } from "./saving";

/** Null leaves it to the room there is. */
const isAdjusting = signal<boolean | null>(null);
const hasHelp = signal(false);
const width = signal(0);
const WIDE_PX = 760;

export function Images() {
  const panel = useRef<HTMLDivElement>(null);
  useEffect(() => measure(panel.current!), []);
  useKey("f", () => cells[active.value]?.fit());
  return (
    <div class="images" ref={panel}>
      {offerNames.value ? <Pictures /> : <NoPictures />}
    </div>
  );
}

function measure(panel: HTMLElement): () => void {
  const observer = new ResizeObserver(() => (width.value = panel.clientWidth));
  observer.observe(panel);
  return () => observer.disconnect();
}

function Pictures() {
  const count = cellCount.value;
  const index = Math.min(active.value, count - 1);
  const cell = cells[index]!;
  const isOpen = isAdjusting.value ?? width.value >= WIDE_PX;
  return (
    <>
      <Controls cell={cell} index={index} isOpen={isOpen} />
      {isOpen && <Adjusting cell={cell} />}
      <div class={`picture-grid of-${count}`}>
        {cells.slice(0, count).map((one, n) => (
          <Place key={n} cell={one} index={n} isActive={n === index} />
        ))}
        {hasHelp.value && <Gestures />}
      </div>
    </>
  );
}

function Gestures() {
  return (
    <dl class="gestures">
      {GESTURES.map(([what, does]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>{does}</dd>
        </div>
      ))}
    </dl>
  );
}

function Controls({ cell, index, isOpen }: { cell: Cell; index: number; isOpen: boolean }) {
  const stream = cell.stream.value;
  const isFrozen = stream?.isFrozen.value ?? false;
  return (
    <Toolbar label="Pictures">
      <StreamSelect cell={cell} index={index} />
      <span class="together">
        <Toggle
          label="Freeze"
          title="Freeze the picture; nothing is sent meanwhile (P)"
          icon={isFrozen ? "play" : "pause"}
          hideLabel
          on={isFrozen}
          disabled={!stream}
          onClick={() => freeze(cell)}
        />
        <Button label="Fit" title="Show all of it (F)" icon="fit" hideLabel onClick={() => cell.fit()} />
        <GlyphToggle
          glyph="levels"
          label="Adjust"
          title="Window and level, flips, how pictures come"
          on={isOpen}
          onClick={() => (isAdjusting.value = !isOpen)}
        />
        <Button
          label="Save as PNG"
          icon="save"
          hideLabel
          disabled={!stream?.shape.value}
          onClick={() => savePicture(cell)}
        />
        <Toggle
          label="Keys and gestures"
          icon="help"
          hideLabel
          on={hasHelp.value}
          onClick={() => (hasHelp.value = !hasHelp.value)}
        />
      </span>
      <span class="spring" />
      <Counts />
    </Toolbar>
  );
}

function StreamSelect({ cell, index }: { cell: Cell; index: number }) {
  const name = shown.value[index]?.name ?? cell.wanted.value ?? "";
  const choices = offers.value.map((offer) => ({ value: offer.name, label: offer.label }));
  if (!choices.some(({ value }) => value === name)) {
    choices.unshift({ value: name, label: name ? `${name.split("\n")[2]} (gone)` : "Choose a stream" });
  }
  return (
    <Select
      label="Stream"
      hideLabel
      value={name}
      choices={choices}
      onChange={(value) => value && choose(cell, value)}
    />
  );
}

function choose(cell: Cell, name: string): void {
  cell.wanted.value = name;
  cell.axis.value = "k";
  cell.reset();
}

const COUNTS = [
  { count: 1, glyph: "one-cell", label: "One picture" },
  { count: 2, glyph: "two-cells", label: "Two pictures" },
  { count: 4, glyph: "four-cells", label: "Four pictures" },
] as const;

function Counts() {
  return (
    <span class="segments" role="group" aria-label="Side by side">
      {COUNTS.map(({ count, glyph, label }) => (
        <GlyphToggle
          key={count}
          glyph={glyph}
          label={label}
          on={cellCount.value === count}
          onClick={() => (cellCount.value = count as Count)}
        />
      ))}
    </span>
  );
}

function Place({ cell, index, isActive }: { cell: Cell; index: number; isActive: boolean }) {
  const offer = shown.value[index];
  const activate = () => {
    active.value = index;
    cell.wanted.value ??= offer?.name ?? null; // who looks closely shall not be shown something else
  };
  return (
    <div
      class={`place ${isActive && cellCount.value > 1 ? "is-active" : ""}`}
      onPointerDown={activate}
      onWheel={activate}
      onFocusIn={activate}
    >
      {cellCount.value > 1 && offer && <div class="place-name cut">{offer.label}</div>}
      {offer ? (
        <Picture cell={cell} row={offer.row.id} label={offer.label} />
      ) : (
        <NoStream cell={cell} />
      )}
    </div>
  );
}

function NoStream({ cell }: { cell: Cell }) {
  const name = cell.wanted.value?.split("\n")[2];
  const first = offers.value[0];
  return name ? (
    <Empty
      icon="image"
      title={name}
      text="It is not there any more. Its pictures are shown when it comes back."
    />
  ) : (
    <div class="empty">
      <Button
        label={`Show ${first?.label} here too`}
        onClick={() => (cell.wanted.value = first?.name ?? null)}
      />
    </div>
  );
}

/** No stream of pictures at all: why, and what can be done. */
function NoPictures() {
  return (
    <Nothing
      icon="image"
      title="No pictures yet"
      text="No IMAGE or VIDEO message has come. They are shown here as soon as one does."
    >
      <p>
        Some servers send pictures only to who asks: <code>igtl get HOST:PORT IMAGE</code> shows
        whether this one does.
      </p>
    </Nothing>
  );
}
