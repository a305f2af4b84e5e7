// A picture on its black stage: the canvas, letters at the edges, and what people have to know.

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Row } from "../api";
import { Badge, format } from "../parts";
import { type LinkState, ageOf, boardTime, hello, linkState, rows } from "../store";
import type { Cell } from "./cell";
import type { Letters } from "./geometry";
import { listen } from "./gestures";
import type { PictureStream } from "./stream";
import { type Transform, scaleOf } from "./viewport";

/** Larger than so many CSS pixels, single pixels are what somebody wants to see. */
const BLOCKS_FROM = 8;

export function Stage({ cell, label }: { cell: Cell; label: string }) {
  const stage = useRef<HTMLDivElement>(null);
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => listen(stage.current!, cell), [cell]);
  useEffect(() => measure(stage.current!, cell), [cell]);
  useEffect(() => hang(holder.current!, cell), [cell]);
  return (
    <div class="stage" ref={stage} tabIndex={0} role="group" aria-label={`${label}: picture`}>
      <div class="stage-holder" ref={holder} />
      <Edges letters={cell.letters.value} />
      <Notes stream={cell.stream.value} />
    </div>
  );
}

/** Keep the cell's idea of the stage's size true. */
function measure(stage: HTMLElement, cell: Cell): () => void {
  const observer = new ResizeObserver(() => {
    cell.size.value = { width: stage.clientWidth, height: stage.clientHeight };
  });
  observer.observe(stage);
  return () => observer.disconnect();
}

/** Have the canvas of the cell's stream in the holder, where it belongs. */
function hang(holder: HTMLElement, cell: Cell): () => void {
  let end = () => {};
  const endShowing = effect(() => {
    const stream = cell.stream.value;
    end();
    end = stream ? show(stream, holder, cell) : () => holder.replaceChildren();
  });
  return () => {
    endShowing();
    end();
    holder.replaceChildren();
  };
}

/** The stream's own canvas; a copy where another cell has that one. */
function show(stream: PictureStream, holder: HTMLElement, cell: Cell): () => void {
  const own = stream.raster.canvas;
  const isTaken = own.isConnected && own.parentElement !== holder;
  const canvas = isTaken ? document.createElement("canvas") : own;
  canvas.className = "picture";
  canvas.setAttribute("role", "img");
  const ends = [
    effect(() => describe(canvas, cell)),
    effect(() => place(canvas, cell.transform.value)),
    isTaken ? stream.onPainted(() => copy(own, canvas)) : () => {},
  ];
  if (isTaken) copy(own, canvas);
  holder.replaceChildren(canvas);
  return () => ends.forEach((end) => end());
}

function copy(from: HTMLCanvasElement, to: HTMLCanvasElement): void {
  if (to.width !== from.width || to.height !== from.height) {
    to.width = from.width;
    to.height = from.height;
  }
  to.getContext("2d", { alpha: false })?.drawImage(from, 0, 0);
}

function describe(canvas: HTMLCanvasElement, cell: Cell): void {
  const head = cell.shape.value;
  const size = head ? `${head.width} × ${head.height}` : "no picture yet";
  canvas.setAttribute("aria-label", `${head?.device ?? "Picture"}, ${size}`);
}

function place(canvas: HTMLCanvasElement, transform: Transform | null): void {
  canvas.style.visibility = transform ? "visible" : "hidden";
  if (!transform) return;
  const { a, b, c, d, e, f } = transform;
  canvas.style.transform = `matrix(${a}, ${b}, ${c}, ${d}, ${e}, ${f})`;
  canvas.style.imageRendering = scaleOf(transform) >= BLOCKS_FROM ? "pixelated" : "auto";
}

const SIDES: Record<string, string> = {
  R: "right",
  L: "left",
  A: "anterior",
  P: "posterior",
  S: "superior",
  I: "inferior",
};

function Edges({ letters }: { letters: Letters | null }) {
  if (!letters) return null;
  return (
    <>
      {Object.entries(letters).map(([edge, text]: [string, string]) => (
        <span key={edge} class={`edge at-${edge}`} title={[...text].map((one) => SIDES[one]).join(", ")}>
          {text}
        </span>
      ))}
    </>
  );
}

function Notes({ stream }: { stream: PictureStream | null }) {
  if (!stream) return null;
  const { isFrozen, note, warning, shape } = stream;
  const isEmpty = shape.value === null;
  const old = isEmpty || isFrozen.value ? "" : whyOld(rows.value.get(stream.row), linkState.value);
  return (
    <div class={`stage-notes ${isEmpty ? "in-the-middle" : ""}`}>
      {isFrozen.value && <Badge text="Frozen" icon="pause" tone="accent" />}
      {old && <Badge text={old} icon="silent" tone="warn" />}
      {isEmpty && !note.value && <span class="stage-note is-late">Waiting for the first picture ...</span>}
      {note.value && <span class="stage-note is-late">{sentence(note.value)}</span>}
      {warning.value && <span class="stage-note">{sentence(warning.value)}</span>}
    </div>
  );
}

/** Why what is shown is not what is: a picture that stands still must not pass for a live one. */
function whyOld(row: Row | undefined, link: LinkState): string {
  if (link === "lost") return "Not live: no connection";
  if (hello.value?.mode === "file") return "";
  if (row?.state === "silent") {
    void boardTime.value; // the age grows, though nothing new comes
    return `Not live: last picture ${format.age(ageOf(row.id))} ago`;
  }
  if (row?.state === "stale") return "Not live: the same time in all pictures";
  return row?.state === "bad" ? `Last message not readable: ${row.note}` : "";
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
