// The keys, and where to read on.

import { useEffect, useRef } from "preact/hooks";
import { Button } from "../parts";
import { hello } from "../store";
import { helpOpen } from "./layout";

const KEYS: readonly [keys: readonly string[], what: string][] = [
  [["1", "2", "3", "4", "5"], "Overview, Images, Space, Plots, Log"],
  [["D"], "Show or hide the devices"],
  [["/"], "Find a device; Esc empties the search, then leaves it"],
  [["\u2191", "\u2193", "\u2190", "\u2192"], "Go through the devices, open and close them"],
  [["Enter"], "Show the details of the device"],
  [["Esc"], "Close the details"],
  [["Space"], "Play or pause a recording"],
  [["Shift", "R"], "Start or stop recording what comes"],
  [["F"], "Fit the picture or the scene"],
  [["T"], "Dark or light colours"],
  [["?"], "This help"],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = helpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const close = () => (helpOpen.value = false);
  return (
    <dialog
      class="help"
      aria-labelledby="help-title"
      ref={dialog}
      onClose={close}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <div class="help-inside">
        <div class="help-head">
          <h2 id="help-title">Keys</h2>
          <Button label="Close" icon="close" hideLabel kind="bare" onClick={close} />
        </div>
        <dl class="keys">
          {KEYS.map(([keys, what]) => (
            <div key={what}>
              <dt>
                {keys.map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <p class="muted">
          This page shows what igtl view hears; it sends nothing to devices. Version{" "}
          {hello.value?.version ?? "unknown"}.
        </p>
      </div>
    </dialog>
  );
}
