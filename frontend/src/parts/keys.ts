// Keys of the page. A panel takes its own with `useKey`; keys typed into entries are left alone.

import { useEffect, useRef } from "preact/hooks";

type Action = (event: KeyboardEvent) => void;
const actions = new Map<string, Action[]>();

/** While the component is shown, run `action` when this key goes down: as in KeyboardEvent.key,
 * letters as small ones, or "Shift+R" for those with Shift. */
export function useKey(key: string, action: Action): void {
  const newest = useRef(action);
  newest.current = action;
  useEffect(() => addKey(key, (event) => newest.current(event)), [key]);
}

/** The same outside components; returns what ends it. The last who asked for a key has it. */
export function addKey(key: string, action: Action): () => void {
  actions.set(key, [...(actions.get(key) ?? []), action]);
  return () => {
    actions.set(key, (actions.get(key) ?? []).filter((one) => one !== action));
  };
}

/** Be the page's listener for "keydown". */
export function pressed(event: KeyboardEvent): void {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (isTakenBy(event.target, event.key)) return;
  const action = namesOf(event).map((name) => actions.get(name)?.at(-1)).find(Boolean);
  if (!action) return;
  event.preventDefault();
  action(event);
}

/** What the key is called, what says most first: a letter with Shift may have a meaning of its own. */
function namesOf({ key, shiftKey }: KeyboardEvent): string[] {
  if (!/^[a-z]$/i.test(key)) return [key];
  const letter = key.toLowerCase();
  return shiftKey ? [`Shift+${key.toUpperCase()}`, letter] : [letter];
}

/** Whether what has the focus needs this key itself. */
function isTakenBy(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest("dialog[open]")) return true;
  if (target.closest("input:not([type=checkbox], [type=range]), textarea, select")) return key !== "Escape";
  return key === " " && target.closest("button, a, summary, input, [role=treeitem]") !== null;
}
