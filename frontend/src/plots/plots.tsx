// Plots: positions, speeds, sensor values, rates and latencies over the last minutes, below each
// other with one cursor, and their values in a legend.

import { Nothing } from "../frame/nothing";
import { Button, Empty, Select, Toggle, Toolbar } from "../parts";
import { saveText } from "../parts/files";
import { rows } from "../store";
import { csv } from "./csv";
import { Legend } from "./legend";
import { QUANTITIES } from "./series";
import { Stack } from "./stack";
import { Scroll } from "./scroll";
import { choose, chosen, edges, groups, hidden, length, WINDOWS } from "./view";

export function Plots() {
  return (
    <div class="plots">
      <Tools />
      {groups.value.length ? (
        <>
          <div class="plots-middle">
            <Stack />
            <Legend />
          </div>
          <Scroll />
        </>
      ) : (
        <NoPlots />
      )}
    </div>
  );
}

function Tools() {
  return (
    <Toolbar label="What is plotted">
      <div class="plots-quantities" role="group" aria-label="Quantities">
        {QUANTITIES.map(({ id, label, title }) => (
          <Toggle key={id} label={label} title={title} on={chosen.value.has(id)} onClick={() => choose(id)} />
        ))}
      </div>
      <span class="spring" />
      <Select
        label="Time shown"
        hideLabel
        title="From the left edge to the right"
        value={String(length.value)}
        choices={WINDOWS}
        onChange={(value) => (length.value = Number(value))}
      />
      <Button
        label="CSV"
        icon="save"
        title="Download what is shown as a table (CSV)"
        disabled={!groups.value.length}
        onClick={download}
      />
    </Toolbar>
  );
}

function download(): void {
  const [from, to] = edges();
  const text = csv(groups.value, hidden.value, from, to);
  saveText(text, "text/csv", "plots", "csv", to);
}

/** Why there is nothing to see, and what to do. */
function NoPlots() {
  if (!chosen.value.size) {
    return (
      <Empty icon="plot" title="Nothing is chosen" text="Choose above what to plot, such as Position or Rate.">
        <Button label="Plot positions" onClick={() => choose("position")} />
      </Empty>
    );
  }
  if (!rows.value.size) {
    return (
      <Nothing
        icon="plot"
        title="Nothing to plot yet"
        text="Connected, but nothing has come yet. Plots begin with the first message."
      />
    );
  }
  const wanted = QUANTITIES.filter(({ id }) => chosen.value.has(id)).map(({ label }) => label);
  return (
    <Empty
      icon="plot"
      title={`No ${wanted.join(", ").toLowerCase()} yet`}
      text="Tools come as TRANSFORM, POSITION, QTDATA or TDATA, sensors as SENSOR. Rate, latency and bandwidth are there for all that comes."
    >
      {!chosen.value.has("rate") && <Button label="Plot rates" onClick={() => choose("rate")} />}
    </Empty>
  );
}
