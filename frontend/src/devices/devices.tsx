// The list of connections and their devices: who sends what, how fast, how late.

import { useLayoutEffect, useRef } from "preact/hooks";
import { isFinding } from "../frame/layout";
import { Button, Empty, format, Icon, Select } from "../parts";
import { connections, hello, linkState, rows } from "../store";
import { closeGroups, filter, grouping, items, openAll, reveal, sortBy, sorting } from "./list";
import type { Grouping, Sorting } from "./tree";
import { Tree } from "./tree_view";

const GROUPINGS = [
  { value: "type", label: "By type" },
  { value: "device", label: "By device" },
  { value: "none", label: "No groups" },
];

const SORTINGS = [
  { value: "appearance", label: "By arrival" },
  { value: "name", label: "By name" },
  { value: "rate", label: "Fastest first" },
  { value: "trouble", label: "Trouble first" },
];

export function Devices() {
  return (
    <div class="devices">
      <Head />
      <Body />
    </div>
  );
}

function Head() {
  const entry = useRef<HTMLInputElement>(null);
  const isWanted = isFinding.value;
  useLayoutEffect(() => {
    if (isWanted) entry.current?.focus(); // before the next key comes
    isFinding.value = false;
  }, [isWanted]);
  return (
    <div class="devices-head">
      <div class="devices-total">
        <h2>Devices</h2>
        <Total />
      </div>
      <label class="search">
        <Icon name="search" />
        <span class="only-read-aloud">Find devices</span>
        <input
          class="entry"
          ref={entry}
          type="search"
          placeholder="Find by name, type or state"
          title="Name, type, state such as silent, or endpoint (/)"
          value={filter.value}
          spellcheck={false}
          onInput={(event) => (filter.value = event.currentTarget.value)}
          onKeyDown={leave}
        />
      </label>
      <Unconnected />
      <div class="devices-order">
        <Select
          label="Groups"
          hideLabel
          value={grouping.value}
          choices={GROUPINGS}
          onChange={(value) => (grouping.value = value as Grouping)}
        />
        <Select
          label="Order"
          hideLabel
          value={sorting.value}
          choices={SORTINGS}
          title="Fastest first: by the rates at the moment you choose it, so that rows do not jump"
          onChange={(value) => sortBy(value as Sorting)}
        />
        <Button label="Close all groups" icon="fold" hideLabel kind="bare" onClick={closeGroups} />
        <Button label="Open all" icon="unfold" hideLabel kind="bare" onClick={openAll} />
      </div>
    </div>
  );
}

/** Escape empties the entry, or leaves it when it is empty; the arrow leads into the list. */
function leave(event: KeyboardEvent & { currentTarget: HTMLInputElement }): void {
  if (event.key === "Escape") {
    if (filter.value === "") event.currentTarget.blur();
    filter.value = "";
    event.preventDefault();
    event.stopPropagation();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    document.querySelector<HTMLElement>("[role=treeitem][tabindex='0']")?.focus();
  }
}

/** Says it where it is seen: the connection itself may be far down the list. */
function Unconnected() {
  const all = connections.value;
  const missing = all.filter((one) => one.state === "waiting");
  const first = missing[0];
  if (!first || all.length === 1) return null;
  const text =
    missing.length === 1
      ? `${first.endpoint} is not connected`
      : `${missing.length} of ${all.length} are not connected`;
  return (
    <button class="unconnected" type="button" title={first.text} onClick={() => reveal(first.id)}>
      <Icon name="bad" />
      <span class="cut">{text}</span>
    </button>
  );
}

function Total() {
  const all = connections.value;
  const rate = all.reduce((sum, one) => sum + one.rate, 0);
  const bandwidth = all.reduce((sum, one) => sum + one.bandwidth, 0);
  return (
    <span class="muted number cut">
      {format.count(rows.value.size)} rows, {format.perSecond(rate)}, {format.bandwidth(bandwidth)}
    </span>
  );
}

function Body() {
  if (!connections.value.length) {
    const text =
      linkState.value === "lost"
        ? "This page has no connection to igtl view."
        : "Waiting for what igtl view has to show.";
    return <Empty icon="plug" title="No connections yet" text={text} />;
  }
  if (!items.value.length) {
    return (
      <Empty icon="search" title="Nothing found" text={`No device matches "${filter.value}".`}>
        <Button label="Show all" onClick={() => (filter.value = "")} />
      </Empty>
    );
  }
  return (
    <>
      <div class="device-columns" aria-hidden="true">
        <span>Bandwidth</span>
        <span title="From the time in the header to the arrival">Latency</span>
        <span title="Since the last message">Age</span>
        <span title="Messages missing between those that came">Lost</span>
      </div>
      <Tree />
      {hello.value?.mode === "live" && rows.value.size === 0 && <Nothing />}
    </>
  );
}

function Nothing() {
  const isConnected = connections.value.some((one) => one.state === "connected");
  if (!isConnected) return null;
  return (
    <Empty
      title="Connected, and nothing came yet"
      text="Devices are listed here as soon as they send. Start what sends, or look at its settings."
    />
  );
}
