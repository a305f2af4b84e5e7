// What the page has to say by itself: the connection is lost, or something asked for was not done.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button, Failure, Icon } from "../parts";
import { linkState, trouble } from "../store";

/** Why igtl view does not let this page in; "" where it does, or is not there. */
export const refusal = signal("");

export function showRefusal(why: string): void {
  refusal.value = why;
}

const hasToken = new URLSearchParams(globalThis.location?.search ?? "").has("token");

export function LostBanner() {
  if (linkState.value !== "lost") return null;
  if (refusal.value) return <Refused why={refusal.value} />;
  return (
    <div class="banner" role="alert">
      <Icon name="bad" />
      <span>
        <strong>No connection.</strong> igtl view has ended or cannot be reached: start it again. This
        page reconnects by itself; what it shows is from before.
        {hasToken && " If igtl view was started anew, open the address that it printed: its token is new."}
      </span>
    </div>
  );
}

/** In place of all panels: there is nothing to be seen, and only one thing to do. */
function Refused({ why }: { why: string }) {
  return (
    <div class="refused">
      {why.includes("token") ? (
        <Failure title="No way in" text="This address needs the token that igtl view printed.">
          Open the whole address: <code>http://...?token=...</code>
        </Failure>
      ) : (
        <Failure title="igtl view does not let this page in" text={why} />
      )}
    </div>
  );
}

interface Toast {
  id: number;
  text: string;
}

const SHOWN_MS = 10_000;
const MOST_TOASTS = 4;

const toasts = signal<readonly Toast[]>([]);
let lastId = 0;

function remove(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

function add(text: string): void {
  const id = ++lastId;
  const others = toasts.value.filter((toast) => toast.text !== text);
  toasts.value = [...others, { id, text }].slice(-MOST_TOASTS);
  setTimeout(() => remove(id), SHOWN_MS);
}

/** The newest troubles, each for ten seconds or until it is closed. */
export function Toasts() {
  useEffect(
    () =>
      trouble.subscribe((text) => {
        if (!text) return;
        add(text);
        trouble.value = "";
      }),
    [],
  );
  return (
    <div class="toasts">
      {toasts.value.map((toast) => (
        <div class="toast" role="alert" key={toast.id}>
          <Icon name="bad" class="is-warn" />
          <span>{toast.text}</span>
          <Button label="Close" icon="close" hideLabel kind="bare" onClick={() => remove(toast.id)} />
        </div>
      ))}
    </div>
  );
}
