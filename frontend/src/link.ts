// The page's connection to the server: /api/live, opened again whenever it is lost.

import type { LiveMessage, Wish } from "./api";
import { address, socketAddress } from "./api";
import { showRefusal } from "./frame/notes";
import { hello, linkState, recording, setWish, take, trouble } from "./store";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
/** Who refuses this page will hardly think again. */
const REFUSED_WAIT_MS = 30_000;
/** The server sends at least the board several times a second; after so long it hangs. */
const LONGEST_SILENCE_MS = 10_000;

export interface LinkParts {
  address: () => string;
  take: (message: LiveMessage) => void;
  state: (state: "connecting" | "open" | "lost") => void;
  refused: (text: string) => void;
  /** Why the server does not let this page in, "" where it is not known to refuse it. */
  why: () => Promise<string>;
  barred: (why: string) => void;
}

/** One WebSocket at a time; after it is lost, the next is tried after 0.5 s, 1 s, ... 5 s. */
export class Link {
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT_MS;
  private hasOpened = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parts: LinkParts) {}

  open(): void {
    const socket = new WebSocket(this.parts.address());
    this.socket = socket;
    this.hasOpened = false;
    this.watch(socket);
    socket.onmessage = (event) => this.receive(socket, event.data);
    socket.onclose = () => this.lose(socket);
  }

  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Ask the server for something; what cannot be sent now is not kept for later. */
  send(wish: Wish): void {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(wish));
    else this.parts.refused("Not done: there is no connection to igtl view. Wait until it is back.");
  }

  private receive(socket: WebSocket, data: unknown): void {
    if (socket !== this.socket) return;
    this.watch(socket);
    const message = understood(data);
    if (message === null) return;
    if (message.kind === "hello") {
      this.wait = FIRST_WAIT_MS;
      this.hasOpened = true;
      this.parts.barred("");
      this.parts.state("open");
    }
    this.parts.take(message);
  }

  private watch(socket: WebSocket): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.lose(socket);
      socket.close();
    }, LONGEST_SILENCE_MS);
  }

  private lose(socket: WebSocket): void {
    if (socket !== this.socket) return;
    this.socket = null;
    this.parts.state("lost");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
    if (!this.hasOpened) void this.ask(this.timer);
  }

  /** Browsers do not tell why a socket was not opened: ask otherwise, and wait long if refused. */
  private async ask(timer: typeof this.timer): Promise<void> {
    const why = await this.parts.why();
    if (this.timer !== timer || this.socket) return;
    this.parts.barred(why);
    if (!why) return;
    clearTimeout(timer);
    this.timer = setTimeout(() => this.open(), REFUSED_WAIT_MS);
  }
}

/** Null for what is no message; kinds that this page does not know are the store's to ignore. */
function understood(data: unknown): LiveMessage | null {
  if (typeof data !== "string") return null;
  try {
    const message = JSON.parse(data) as LiveMessage | null;
    return typeof message?.kind === "string" ? message : null;
  } catch {
    return null;
  }
}

/** What the server says where it forbids this page what it has. */
async function refusal(): Promise<string> {
  try {
    const answer = await fetch(address("/api/board"));
    return answer.status === 403 ? (await answer.text()).trim() || "refused" : "";
  } catch {
    return ""; // it is not there at all
  }
}

/** A recording does not outlive the server that wrote it. */
function takeNews(message: LiveMessage): void {
  const isAnother = message.kind === "hello" && hello.value?.server !== message.server;
  const isCut = isAnother && recording.value?.state === "on";
  take(message);
  if (isCut) trouble.value = "The recording ended with igtl view, which was started anew.";
}

/** Connect the store to the server for as long as the page lives. */
export function startLink(): Link {
  const link = new Link({
    address: () => socketAddress("/api/live"),
    take: takeNews,
    state: (state) => (linkState.value = state),
    refused: (text) => (trouble.value = text),
    why: refusal,
    barred: showRefusal,
  });
  setWish((wish) => link.send(wish));
  link.open();
  return link;
}
