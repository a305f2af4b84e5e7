// Log: texts, states, commands and what happened to links, line by line.

import { computed, signal } from "@preact/signals";
// Plots are loaded late, but have to know what came before: the history begins here.
import "./collection";
import type { LogLine } from "../api";
import { Button, Empty, Select, Toggle, Toolbar } from "../parts";
import { saveText } from "../parts/files";
import { linkState, log, serverNow } from "../store";
import { ALL, type Filter, filtered, plain, valuesOf } from "./lines";
import { Roll } from "./roll";

const filter = signal<Filter>(ALL);
const wrap = signal(false);

interface Found {
  lines: readonly LogLine[];
  /** What is wrong with the expression, or "". */
  error: string;
}

const found = computed<Found>(() => {
  try {
    return { lines: filtered(log.value, filter.value), error: "" };
  } catch (error) {
    return { lines: [], error: error instanceof Error ? error.message : String(error) };
  }
});

export function Log() {
  const { lines, error } = found.value;
  return (
    <div class="log">
      <Tools />
      {lines.length ? <Roll lines={lines} wrap={wrap.value} /> : <Nothing error={error} />}
    </div>
  );
}

function Tools() {
  const { lines } = found.value;
  return (
    <Toolbar label="Filter the log">
      <Search />
      <Field field="type" all="All types" />
      <Field field="device" all="All devices" />
      <Select
        label="Level"
        hideLabel
        value={filter.value.level}
        choices={LEVELS}
        onChange={(level) => change({ level: level as LogLine["level"] })}
      />
      <span class="spring" />
      <span class="log-count number muted">{countOf(lines.length, log.value.length)}</span>
      <Toggle label="Wrap" title="Show long texts in several lines" on={wrap.value} onClick={() => (wrap.value = !wrap.value)} />
      <Button label="Save" hideLabel icon="save" title="Download the lines shown as text" disabled={!lines.length} onClick={download} />
      <Button label="Clear" title="Forget all lines in this window" disabled={!log.value.length} onClick={() => (log.value = [])} />
    </Toolbar>
  );
}

const LEVELS = [
  { value: "info", label: "All levels" },
  { value: "warning", label: "Warnings" },
  { value: "error", label: "Errors" },
];

function change(part: Partial<Filter>): void {
  filter.value = { ...filter.value, ...part };
}

function countOf(shown: number, all: number): string {
  return shown === all ? `${all} ${all === 1 ? "line" : "lines"}` : `${shown} of ${all}`;
}

function Search() {
  const isWrong = found.value.error !== "";
  return (
    <input
      class="entry log-search"
      type="search"
      placeholder="Filter: words or /regex/"
      aria-label="Filter by text"
      aria-invalid={isWrong}
      spellcheck={false}
      value={filter.value.text}
      onInput={(event) => change({ text: event.currentTarget.value })}
    />
  );
}

function Field({ field, all }: { field: "type" | "device"; all: string }) {
  const chosen = filter.value[field];
  const values = valuesOf(log.value, field);
  if (chosen && !values.includes(chosen)) values.push(chosen);
  return (
    <Select
      label={field === "type" ? "Type" : "Device"}
      hideLabel
      value={chosen}
      choices={[{ value: "", label: all }, ...values.map((value) => ({ value, label: value }))]}
      onChange={(value) => change({ [field]: value })}
    />
  );
}

function download(): void {
  saveText(`${found.value.lines.map(plain).join("\n")}\n`, "text/plain", "log", "txt", serverNow());
}

/** Why there are no lines, and what to do. */
function Nothing({ error }: { error: string }) {
  const everything = <Button label="Show all lines" onClick={() => (filter.value = ALL)} />;
  if (error) {
    return (
      <Empty icon="search" title="The expression is not valid" text={`${error}. Mend it, or leave out the slashes to look for words.`}>
        {everything}
      </Empty>
    );
  }
  if (log.value.length) {
    return (
      <Empty icon="search" title="No line passes the filter" text={`None of ${log.value.length} lines; choose other words, types, devices or levels.`}>
        {everything}
      </Empty>
    );
  }
  const text = "Texts (STRING), states (STATUS), commands, and connections that come and go are listed here.";
  const more = linkState.value === "open" ? "" : " igtl view does not answer yet.";
  return <Empty icon="log" title="No lines yet" text={text + more} />;
}
