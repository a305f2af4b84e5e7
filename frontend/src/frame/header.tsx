// The bar at the top: what is looked at, the tabs, whether the page is connected, theme and help.

import { useRef } from "preact/hooks";
import type { Connection, Hello } from "../api";
import { Badge, Button, Icon, theme, Toggle, useKey, type IconName, type Tone } from "../parts";
import { switchTheme } from "../parts/theme";
import { connections, hello, linkState, type LinkState } from "../store";
import { devicesOpen, find, helpOpen, show, tab, TABS, type Tab } from "./layout";
import { refusal } from "./notes";

export function Header() {
  useKey("t", switchTheme);
  useKey("d", () => (devicesOpen.value = !devicesOpen.value));
  useKey("/", find);
  useKey("?", () => (helpOpen.value = true));
  return (
    <header class="header">
      <div class="header-title">
        <Toggle
          label="Devices"
          title="Show or hide the devices (D)"
          icon="menu"
          hideLabel
          kind="bare"
          on={devicesOpen.value}
          onClick={() => (devicesOpen.value = !devicesOpen.value)}
        />
        <img class="mark" src="icon.svg" alt="" />
        <h1>igtl view</h1>
        <span class="muted cut source" title={hello.value?.title}>
          {hello.value && shortTitle(hello.value)}
        </span>
      </div>
      <Tabs />
      <div class="header-tools">
        <LinkBadge />
        <Button
          label={theme.value === "dark" ? "Light colours" : "Dark colours"}
          title={`${theme.value === "dark" ? "Light" : "Dark"} colours (T)`}
          icon={theme.value === "dark" ? "sun" : "moon"}
          hideLabel
          kind="bare"
          onClick={switchTheme}
        />
        <Button
          label="Help"
          title="Keys and help (?)"
          icon="help"
          hideLabel
          kind="bare"
          onClick={() => (helpOpen.value = true)}
        />
      </div>
    </header>
  );
}

/** One endpoint or file; of several how many: their names are in the list of devices. */
export function shortTitle({ title, mode }: Pick<Hello, "title" | "mode">): string {
  const count = mode === "live" ? title.split(", ").length : 1;
  return count > 1 ? `${count} servers` : title;
}

function LinkBadge() {
  const { mode } = hello.value ?? {};
  return (
    <span role="status" aria-label="Connection">
      <Badge {...linkLook(linkState.value, mode, connections.value, refusal.value)} />
    </span>
  );
}

interface Look {
  text: string;
  tone: Tone;
  icon: IconName;
  title: string;
}

/** The page to igtl view, and behind that igtl view to the servers. */
export function linkLook(
  state: LinkState,
  mode: Hello["mode"] | undefined,
  all: readonly Pick<Connection, "state">[],
  refused = "",
): Look {
  if (refused) {
    return { text: "No access", tone: "bad", icon: "bad", title: "igtl view does not let this page in" };
  }
  if (state === "lost") {
    return { text: "Lost", tone: "bad", icon: "bad", title: "No connection to igtl view" };
  }
  if (state === "connecting" || !mode) {
    return { text: "Connecting", tone: "plain", icon: "waiting", title: "Connecting to igtl view" };
  }
  if (mode === "file") {
    return { text: "From a file", tone: "good", icon: "play", title: "A recording is shown" };
  }
  const connected = all.filter((one) => one.state === "connected").length;
  if (connected === all.length) {
    return { text: "Connected", tone: "good", icon: "check", title: "All servers are connected" };
  }
  const title = "See Devices for what is wrong, and what to do";
  if (all.length === 1) return { text: "Not connected", tone: "warn", icon: "bad", title };
  return { text: `${connected} of ${all.length} connected`, tone: "warn", icon: "bad", title };
}

const LOOKS: Record<Tab, { label: string; icon: IconName }> = {
  overview: { label: "Overview", icon: "eye" },
  images: { label: "Images", icon: "image" },
  space: { label: "Space", icon: "space" },
  plots: { label: "Plots", icon: "plot" },
  log: { label: "Log", icon: "log" },
};

function Tabs() {
  const list = useRef<HTMLDivElement>(null);
  TABS.forEach((name, index) => useKey(String(index + 1), () => show(name)));

  function step(event: KeyboardEvent): void {
    const next = besides(tab.value, event.key);
    if (!next) return;
    event.preventDefault();
    show(next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  }

  return (
    <div class="tabs" role="tablist" aria-label="Panels" ref={list} onKeyDown={step}>
      {TABS.map((name, index) => (
        <button
          key={name}
          id={`tab-${name}`}
          class="tab"
          role="tab"
          type="button"
          title={`${LOOKS[name].label} (${index + 1})`}
          aria-selected={tab.value === name}
          aria-controls="panels"
          tabIndex={tab.value === name ? 0 : -1}
          onClick={() => show(name)}
        >
          <Icon name={LOOKS[name].icon} />
          <span>{LOOKS[name].label}</span>
        </button>
      ))}
    </div>
  );
}

/** The tab that an arrow key leads to. */
export function besides(now: Tab, key: string): Tab | undefined {
  const at = TABS.indexOf(now);
  if (key === "ArrowRight") return TABS[(at + 1) % TABS.length];
  if (key === "ArrowLeft") return TABS.at(at - 1);
  if (key === "Home") return TABS[0];
  if (key === "End") return TABS.at(-1);
  return undefined;
}
