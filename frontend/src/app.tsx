// The page: header, devices at the left, panels in the middle, details at the right, recordings
// at the bottom. Panels are mounted only while they are shown, those of 3-D and plots loaded late.

import { useEffect } from "preact/hooks";
import { Details } from "./devices/details";
import { Devices } from "./devices/devices";
import { Header } from "./frame/header";
import { Help } from "./frame/help";
import { devicesOpen, isNarrow, panelsOf, tab, type PanelName } from "./frame/layout";
import { LostBanner, Toasts } from "./frame/notes";
import { Images } from "./images/images";
import { pressed } from "./parts/keys";
import { late, Net } from "./parts/late";
import { Log } from "./plots/log";
import { Recordings } from "./recordings/recordings";
import { hello, linkState, selected } from "./store";

const PANELS = {
  images: { label: "Images", Panel: Images },
  space: { label: "Space", Panel: late("Space", async () => (await import("./space/space")).Space) },
  plots: { label: "Plots", Panel: late("Plots", async () => (await import("./plots/plots")).Plots) },
  log: { label: "Log", Panel: Log },
};

export function App() {
  useEffect(() => {
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  const title = hello.value?.title;
  useEffect(() => {
    document.title = title ? `${title} - igtl view` : "igtl view";
  }, [title]);
  return (
    <div class={`page ${linkState.value === "lost" ? "is-lost" : ""}`}>
      <Header />
      <LostBanner />
      <div class="middle">
        {devicesOpen.value && <Sidebar />}
        <Panels />
        {selected.value !== null && <Drawer key={selected.value} />}
      </div>
      <footer class="recordings" aria-label="Recordings">
        <Net name="Recordings">
          <Recordings />
        </Net>
      </footer>
      <Toasts />
      <Help />
    </div>
  );
}

function Sidebar() {
  const close = () => (devicesOpen.value = false);
  return (
    <>
      {isNarrow() && <div class="scrim" onClick={close} />}
      <aside class="sidebar" aria-label="Devices">
        <Net name="Devices">
          <Devices />
        </Net>
      </aside>
    </>
  );
}

function Drawer() {
  return (
    <aside class="drawer" aria-label="Details">
      <Net name="Details">
        <Details />
      </Net>
    </aside>
  );
}

function Panels() {
  const shown = panelsOf(tab.value);
  return (
    <main class="main">
      <div
        class={`panels of-${shown.length}`}
        id="panels"
        role="tabpanel"
        aria-labelledby={`tab-${tab.value}`}
      >
        {shown.map((name) => (
          <Framed key={name} name={name} />
        ))}
      </div>
    </main>
  );
}

function Framed({ name }: { name: PanelName }) {
  const { label, Panel } = PANELS[name];
  return (
    <section class="panel" aria-label={label}>
      <Net name={label}>
        <Panel />
      </Net>
    </section>
  );
}
