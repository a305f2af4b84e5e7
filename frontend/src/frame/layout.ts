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

export function isNarrow(): boolean {
  return narrow?.matches ?? false;
}

export function startLayout(): void {
  addEventListener("hashchange", () => (tab.value = tabOf(location.hash)));
  narrow?.addEventListener("change", () => (devicesOpen.value = !narrow.matches));
}
