// How pictures come: raw or as JPEG by asking for one after the other; by WebSocket as H.264, or, of a
// device that sends VIDEO, as it was sent.

import type { PictureHead, Row } from "../api";
import type { Picture } from "./painter";

export type Way = "sent" | "h264" | "jpeg" | "raw";
/** What a user wants; "auto" leaves it to `bestWay`. */
export type Choice = "auto" | Way;

export const WAY_NAMES: Record<Way, string> = {
  sent: "As sent",
  h264: "H.264",
  jpeg: "JPEG",
  raw: "Raw",
};

/** Which slice of a volume; null is the middle one, which the server chooses. */
export interface Selection {
  axis: "i" | "j" | "k";
  slice: number | null;
}

/** Where a way delivers to. */
export interface Sink {
  /** Whether the one before was drawn already; if not, this one takes its place. */
  offer(picture: Picture): boolean;
  /** Resolves when nothing waits to be drawn. */
  empty(): Promise<void>;
  /** Why nothing comes, for people; "" when all is well. */
  note(text: string): void;
  /** This way cannot be gone: another has to be chosen. */
  failed(text: string): void;
}

/** One that is being gone. */
export interface Feed {
  /** Another slice is wanted. */
  select(selection: Selection): void;
  /** The board tells of the row. */
  hear(row: Row): void;
  close(): void;
}

export interface Abilities {
  /** Whether this browser runs on the server's machine. */
  near: boolean;
  /** What the server has: frames of VIDEO as they were sent, and what it can make. */
  serves: { sent: boolean; h264: boolean; jpeg: boolean };
  /** Whether this browser decodes video. */
  decodes: boolean;
}

type Shape = Pick<PictureHead, "width" | "height" | "components" | "dtype" | "volume">;

/** Pictures up to this size travel raw through any network: 100 kB at 30 Hz are 25 Mbit/s. */
export const SMALL_BYTES = 100_000;
/** On one machine, raw pictures up to this size, as 1920x1080 grey, cost less than their compression;
 * of 1920x1080 RGB at 30 Hz two thirds are shown raw, and all as H.264 (two cores, no GPU). */
export const NEAR_BYTES = 2_100_000;

/** Whether this way can show such pictures as they are meant; a lossy one not for measured values. */
export function canGo(way: Way, shape: Shape, { serves, decodes }: Abilities): boolean {
  if (way === "raw") return true;
  if (way === "sent") return serves.sent && decodes;
  const isBytes = shape.dtype === "uint8" && shape.components !== 4;
  if (way === "jpeg") return isBytes && serves.jpeg;
  return isBytes && !shape.volume && serves.h264 && decodes;
}

/** The way that shows pictures with the least delay for what lies between server and browser. */
export function bestWay(shape: Shape, abilities: Abilities): Way {
  if (canGo("sent", shape, abilities)) return "sent";
  const bytes = shape.width * shape.height * shape.components;
  if (shape.volume || bytes <= (abilities.near ? NEAR_BYTES : SMALL_BYTES)) return "raw";
  if (canGo("h264", shape, abilities)) return "h264";
  return canGo("jpeg", shape, abilities) ? "jpeg" : "raw";
}

/** The way until the first picture tells what they are like. */
export function startingWay(choice: Choice, { serves, decodes }: Abilities): Way {
  const isWanted = choice === "auto" || choice === "sent";
  return isWanted && serves.sent && decodes ? "sent" : "raw";
}

/** What is gone: the wish where it can be, else the best; and why it is not the wish. */
export function chosenWay(
  choice: Choice,
  shape: Shape,
  abilities: Abilities,
): { way: Way; why: string } {
  if (choice === "auto" || canGo(choice, shape, abilities)) {
    return { way: choice === "auto" ? bestWay(shape, abilities) : choice, why: "" };
  }
  return { way: bestWay(shape, abilities), why: whyNot(choice, shape, abilities) };
}

/** Why a way cannot be gone; "" where it can. */
export function whyNot(way: Way, shape: Shape, abilities: Abilities): string {
  if (canGo(way, shape, abilities)) return "";
  const { serves, decodes } = abilities;
  const name = WAY_NAMES[way];
  if (way === "sent" && !serves.sent) return "for what comes as VIDEO, in a codec of this browser";
  if (shape.dtype !== "uint8" || shape.components === 4) {
    return `${name} would change ${shape.dtype} values: shown raw`;
  }
  if (shape.volume && way === "h264") return "H.264 is for streams, not for slices of volumes";
  if (serves[way as "sent" | "h264"] && !decodes) {
    return globalThis.isSecureContext
      ? "this browser cannot decode video"
      : "browsers decode video only from localhost or over https";
  }
  return `igtl view cannot make ${name} here: pip install 'igtl[video]' where it runs`;
}
