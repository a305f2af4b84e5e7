// What an item of the tree says: a connection, a group or a row with its numbers.

import type { Row } from "../api";
import { format, Icon } from "../parts";
import { ageOf, boardTime } from "../store";
import { grouping } from "./list";
import { CONNECTION_STATES, known, ROW_STATES } from "./states";
import type { ConnectionItem, GroupItem, Item, RowItem } from "./tree";

/** For those who listen. */
export function spoken(item: Item): string {
  if (item.kind === "connection") return `${item.connection.endpoint}: ${item.connection.text}`;
  if (item.kind === "group") return `${item.label}, ${item.count} rows`;
  const { device, type, state } = item.row;
  return `${device || "(without name)"}, ${type}, ${ROW_STATES[state].word}`;
}

export function Inside({ item }: { item: Item }) {
  if (item.kind === "connection") return <ConnectionLine item={item} />;
  if (item.kind === "group") return <GroupLine item={item} />;
  return <RowLine item={item} />;
}

function ConnectionLine({ item }: { item: ConnectionItem }) {
  const { connection, open } = item;
  const look = CONNECTION_STATES[connection.state];
  return (
    <>
      <Icon name={open ? "down" : "right"} class="twisty" />
      <div class="tree-lines">
        <div class="tree-line">
          <Icon name={look.icon} class={`is-${look.tone}`} />
          <strong class="cut" title={connection.endpoint}>
            {connection.endpoint}
          </strong>
          <span class="tree-rate number">{format.perSecond(connection.rate)}</span>
        </div>
        <p
          class={`connection-text ${connection.state === "waiting" ? "is-warn" : "muted"}`}
          title={connection.text}
        >
          {connection.text || look.word}
        </p>
      </div>
    </>
  );
}

function GroupLine({ item }: { item: GroupItem }) {
  const look = ROW_STATES[item.worst];
  const isTroubled = look.tone === "warn" || look.tone === "bad";
  return (
    <>
      <Icon name={item.open ? "down" : "right"} class="twisty" />
      <span class="cut group-label">{item.label}</span>
      <span class="badge number">{item.count}</span>
      {isTroubled && (
        <span class={`group-state is-${look.tone}`} title={`Worst in this group: ${look.meaning}`}>
          <Icon name={look.icon} />
          {look.word}
        </span>
      )}
      <span class="tree-rate number muted">{format.perSecond(item.rate)}</span>
    </>
  );
}

function RowLine({ item }: { item: RowItem }) {
  const { row } = item;
  const look = ROW_STATES[row.state];
  return (
    <>
      <Icon name={look.icon} class={`is-${look.tone}`} />
      <div class="tree-lines">
        <div class="tree-line">
          <Name item={item} />
          <span class="tree-rate number">{format.perSecond(known(row, row.rate))}</span>
        </div>
        <Numbers row={row} />
      </div>
    </>
  );
}

/** In a group, what the group is called is not said again. */
function Name({ item }: { item: RowItem }) {
  const { device, type } = item.row;
  const isOfDevice = item.level === 3 && grouping.value === "device";
  const isOfType = item.level === 3 && grouping.value === "type";
  const name = device || "(without name)";
  return (
    <>
      <span class="cut device-name" title={`${name}, ${type}`}>
        {isOfDevice ? type : name}
      </span>
      {!isOfDevice && !isOfType && <span class="muted device-type">{type}</span>}
      {item.row.left_out && (
        <span class="is-warn device-type" title={item.row.left_out}>
          Not all shown
        </span>
      )}
    </>
  );
}

/** Columns of fixed width, so that nothing moves while numbers change. */
function Numbers({ row }: { row: Row }) {
  void boardTime.value; // rows that sent nothing are not new, but older
  const look = ROW_STATES[row.state];
  const isOdd = row.state !== "live";
  return (
    <div class="device-numbers number">
      {isOdd ? (
        <span class={`device-state is-${look.tone}`} title={row.note || look.meaning}>
          {look.word}
        </span>
      ) : (
        <span>{format.bandwidth(known(row, row.bandwidth))}</span>
      )}
      <span>{format.delay(row.latency)}</span>
      <span>{format.age(ageOf(row.id))}</span>
      <span class={row.drops ? "is-warn" : undefined}>{format.count(row.drops)}</span>
    </div>
  );
}
