// A tool: its axes, a body, its name, and where it came from.

import type { Tool as ToolNews, ToolKey } from "../api";
import { parsed } from "./colours";
import type { Lead } from "./graph";
import { Body, type Item } from "./item";
import type { Label } from "./letters";
import { applied, determinant, identity, isPose, multiply, read, replaced, type Matrix, type Vector } from "./matrix";
import { axesShape, needleShape, pointShape, type Colour, type Shape } from "./shapes";
import { Sources } from "./sources";
import { Trail } from "./trail";

/** What tools look like of which nobody knows where they are now. */
const PALE: Colour = [128, 132, 138];
const PALENESS = 0.8;

/** What is called so is slender. Of all other tools nobody tells what they look like. */
const SLENDER = /needle|stylus|pointer/i;

/** As igtl view says it: numbers that are none, or axes that do not span space. */
const NO_POSE = "INVALID";

/** All tools of the same frames are one, by whatever devices and types it comes. */
export function idOf({ what, from, to }: ToolNews): string {
  return `${what} ${from} ${to}`;
}

export class Tool extends Body implements Item {
  readonly kind = "tool";
  readonly id: string;
  readonly name: string;
  readonly frame: string;
  readonly trail = new Trail();
  /** The newest pose of any of them is drawn. */
  readonly sources = new Sources();
  isThere = false;
  /** Of the newest pose: "" and "OK" are valid. */
  status = "";
  /** When the newest pose came, s. */
  time = 0;
  /** Of what was sent last that is a pose. */
  readonly pose = identity();
  /** From the tool to the frame that is shown; what is drawn. */
  readonly shown = identity();
  /** How long an axis is, mm. */
  private size = 40;
  private readonly now = identity();
  private bright = new Uint8Array();
  private pale = new Uint8Array();
  private isDim = false;

  /** @param colour of its body, its name and its trail, as in CSS. */
  constructor(
    readonly news: ToolNews,
    public colour: string,
  ) {
    super();
    this.id = idOf(news);
    this.name = news.name;
    this.frame = news.to;
    this.solid.actor.getProperty().setBackfaceCulling(true);
    this.sources.add(news);
    this.paint(colour);
  }

  /** Whether it has a place, but nobody knows how it is turned. */
  get isPoint(): boolean {
    return this.news.what === "point";
  }

  private get isSlender(): boolean {
    return SLENDER.test(this.news.from);
  }

  paint(colour: string): void {
    this.colour = colour;
    const shape = this.shapeOf(parsed(colour));
    this.bright = Uint8Array.from(shape.colours);
    this.pale = this.bright.map((value, i) => value + (PALE[i % 3]! - value) * PALENESS);
    this.solid.setShape(shape);
    this.solid.setColours(this.isDim ? this.pale : this.bright);
    this.trail.colour = parsed(colour);
  }

  /** Take a pose of one of its sources; what is no pose leaves it where it was. */
  take(key: ToolKey, time: number, twelve: ArrayLike<number | null>, status: string): void {
    const isKnown = read(twelve, this.now) && isPose(this.now);
    this.time = time;
    this.status = status;
    if (!isKnown && this.isValid) this.status = NO_POSE;
    if (isKnown) this.pose.set(this.now);
    this.isThere ||= isKnown;
    this.sources.take(key, time, this.pose, this.isValid);
  }

  get isValid(): boolean {
    return this.status === "" || this.status === "OK";
  }

  /** Whether it is where it is drawn, as far as its devices say so. */
  get isTrusted(): boolean {
    return this.isValid && !this.sources.areSilent;
  }

  override place(matrix: Matrix, lead: Lead): boolean {
    multiply(matrix, this.pose, this.now);
    const moved = replaced(this.shown, this.now);
    const dimmed = this.dim(lead !== "valid" || !this.isTrusted);
    const [x, y, z] = this.position();
    const went = !this.isDim && this.trail.add(this.time, x, y, z);
    if (moved) this.solid.place(this.shown, this.size);
    // Seen through a mirror, outer sides are wound like inner ones; this comes before the other.
    this.solid.actor.getProperty().setFrontfaceCulling(determinant(this.shown) < 0);
    return moved || dimmed || went;
  }

  /** Have axes of so many mm. */
  grow(size: number): void {
    this.size = size;
    this.solid.place(this.shown, size);
  }

  /** Where its tip is drawn. */
  position(): Vector {
    return [this.shown[3]!, this.shown[7]!, this.shown[11]!];
  }

  override setOpacity(opacity: number): void {
    super.setOpacity(opacity);
    this.trail.opacity = opacity;
  }

  override labels(): readonly Label[] {
    const colour = this.isDim ? "" : this.colour;
    const doubt = this.doubt();
    const text = doubt ? `${this.news.from} (${doubt})` : this.news.from;
    return [{ text, at: this.position(), colour }];
  }

  /** In a word, why it is dimmed; "" where it is not. */
  doubt(): string {
    if (!this.isValid) return this.status.toLowerCase().replaceAll("_", " ");
    if (this.sources.areSilent) return "silent";
    return this.isDim ? "doubtful" : "";
  }

  /** Its ends, for those who ask how large it is. */
  extent(): Vector[] {
    const s = this.size;
    return [[0, 0, this.isSlender ? -1.5 * s : 0], [s, 0, 0], [0, s, 0], [0, 0, s]].map(([x, y, z]) =>
      applied(this.shown, x!, y!, z!),
    );
  }

  private shapeOf(colour: Colour): Shape {
    if (this.isPoint) return pointShape(colour);
    return this.isSlender ? needleShape(colour) : axesShape(colour);
  }

  private dim(isDim: boolean): boolean {
    if (isDim === this.isDim) return false;
    this.isDim = isDim;
    this.solid.setColours(isDim ? this.pale : this.bright);
    return true;
  }
}
