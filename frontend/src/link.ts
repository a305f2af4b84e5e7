// The page's connection to the server: /api/live, opened again whenever it is lost.

import type { LiveMessage, Wish } from "./api";
import { socketAddress } from "./api";
import { linkState, setWish, take, trouble } from "./store";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;
/** The server sends at least the board several times a second; after so long it hangs. */
const LONGEST_SILENCE_MS = 10_000;

export interface LinkParts {
  address: () => string;
  take: (message: LiveMessage) => void;
  state: (state: "connecting" | "open" | "lost") => void;
  refused: (text: string) => void;
}

/** One WebSocket at a time; after it is lost, the next is tried after 0.5 s, 1 s, ... 5 s. */
export class Link {
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly parts: LinkParts) {}

  open(): void {
    const socket = new WebSocket(this.parts.address());
    this.socket = socket;
    this.watch(socket);
    socket.onmessage = (event) => this.receive(socket, event.data);
    socket.onclose = () => this.lose(socket);
  }

  close(): void {
    clearTimeout(this.timer);
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

/** Connect the store to the server for as long as the page lives. */
export function startLink(): Link {
  const link = new Link({
    address: () => socketAddress("/api/live"),
    take,
    state: (state) => (linkState.value = state),
    refused: (text) => (trouble.value = text),
  });
  setWish((wish) => link.send(wish));
  link.open();
  return link;
}
