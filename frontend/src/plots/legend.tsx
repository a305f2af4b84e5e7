// The legend: newest values, or those at the cursor, of all lines; shows and hides lines.

import { theme } from "../parts";
import { timeOfDay } from "./chart";
import { history } from "./collection";
import { look } from "./ink";
import type { Group, Plot, Source } from "./series";
import { cursor, cursorTime, drawn, groups, hidden, toggle } from "./view";

export function Legend() {
  if (cursor.value !== null) drawn.value;
  const time = cursorTime();
  return (
    <div class="legend" role="region" aria-label="Values" tabIndex={0}>
      <p class="legend-time number muted">
        {time === null ? "Newest values" : `At ${timeOfDay(time)}.${tenths(time)}`}
      </p>
      {groups.value.map((group) => (
        <Table key={`${group.title} ${group.plots[0]!.id}`} group={group} time={time} />
      ))}
      {history.refused.size > 0 && (
        <p class="muted">
          {history.refused.size} more are not kept: there is no more memory for them. Load the page
          anew to forget those that are gone.
        </p>
      )}
    </div>
  );
}

function tenths(time: number): string {
  return String(Math.floor((time % 1) * 1000)).padStart(3, "0");
}

function Table({ group, time }: { group: Group; time: number | null }) {
  const allHidden = group.sources.every(({ id }) => hidden.value.has(id));
  const turn = () => {
    const changed = new Set(hidden.value);
    for (const { id } of group.sources) allHidden ? changed.delete(id) : changed.add(id);
    hidden.value = changed;
  };
  return (
    <table class="legend-table">
      <thead>
        <tr>
          <th scope="col">
            <button type="button" class="legend-all" onClick={turn}>
              {group.title}
              <span class="muted">{allHidden ? "show all" : "hide all"}</span>
            </button>
          </th>
          {group.plots.map((plot) => (
            <th key={plot.id} scope="col">
              {plot.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {group.sources.map((source) => (
          <Values key={source.id} source={source} plots={group.plots} time={time} />
        ))}
      </tbody>
    </table>
  );
}

interface ValuesParts {
  source: Source;
  plots: Plot[];
  time: number | null;
}

function Values({ source, plots, time }: ValuesParts) {
  drawn.value;
  const isShown = !hidden.value.has(source.id);
  const { status } = source.track;
  return (
    <tr class={isShown ? undefined : "is-hidden"}>
      <th scope="row">
        <button
          type="button"
          class="legend-line"
          aria-pressed={isShown}
          title={source.title}
          onClick={() => toggle(source.id)}
        >
          <Swatch color={source.color} />
          <span class="cut">{source.name}</span>
        </button>
      </th>
      {status && time === null ? (
        <td class="is-bad" colSpan={plots.length}>
          {status.toLowerCase()}
        </td>
      ) : (
        plots.map((plot) => <td key={plot.id}>{valueOf(plot, source, time)}</td>)
      )}
    </tr>
  );
}

function valueOf(plot: Plot, source: Source, time: number | null): string {
  const line = plot.lines.find(({ id }) => id === source.id);
  if (!line) return "";
  const { track, channel } = line;
  const value = time === null ? track.last(channel) : track.valueAt(channel, time);
  return Number.isNaN(value) ? "\u2013" : plot.text(value * plot.scale);
}

/** A piece of the line, as it is drawn. */
function Swatch({ color }: { color: string }) {
  theme.value;
  const { color: stroke, dash } = look(color);
  return (
    <svg class="swatch" viewBox="0 0 18 4" aria-hidden="true">
      <path d="M0 2h18" stroke={stroke} stroke-dasharray={dash.join(" ") || undefined} />
    </svg>
  );
}
