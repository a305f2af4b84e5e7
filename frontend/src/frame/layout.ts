// Which parts of the page are shown. The tab is kept in the address, so that it outlives a reload.

import { signal } from "@preact/signals";

export type PanelName = "images" | "space" | "plots" | "log";
export type Tab = "overview" | PanelName;

export const TABS: readonly Tab[] = ["overview", "images", "space", "plots", "log"];

/** On narrow screens the list of devices lies over the panels, and is closed at first. */
const narrow = globalThis.matchMedia?.("(max-width: 900px)");

export const tab = signal<Tab>(tabOf(globalThis.location?.hash ?? ""));
export const devicesOpen = signal(!narrow?.matches);
export const helpOpen = signal(false);
/** Somebody wants to search the devices; the list takes the focus there and empties this. */
export const isFinding = signal(false);

export function tabOf(hash: string): Tab {
  return TABS.find((name) => `#${name}` === hash) ?? "overview";
}

export function panelsOf(now: Tab): readonly PanelName[] {
  return now === "overview" ? ["images", "space"] : [now];
}

export function show(next: Tab): void {
  tab.value = next;
  history.replaceState(null, "", `${location.pathname}${location.search}#${next}`);
}

/** Open the devices and search them. */
export function find(): void {
  devicesOpen.value = true;
  isFinding.value = true;
}

export function isNarrow(): boolean {
  return narrow?.matches ?? false;
}

export function startLayout(): void {
  addEventListener("hashchange", () => (tab.value = tabOf(location.hash)));
  narrow?.addEventListener("change", () => (devicesOpen.value = !narrow.matches));
}
