// The drawer at the right: how a device goes, and what its last message says.

import { useEffect, useState } from "preact/hooks";
import type { MessageDetails, Row } from "../api";
import { Badge, Button, Empty, format, Icon, Toggle, useKey } from "../parts";
import { copied } from "../parts/files";
import { ageOf, boardTime, connections, rows, selected, trouble } from "../store";
import { refreshed } from "./message";
import { known, ROW_STATES } from "./states";
import { Value } from "./value";

export function Details() {
  const id = selected.value;
  const row = id === null ? undefined : rows.value.get(id);
  const close = () => (selected.value = null);
  useKey("Escape", close);
  return (
    <div class="details">
      <div class="details-head">
        <h2 class="cut" title={row?.device}>
          {row ? row.device || "(without name)" : "Device"}
        </h2>
        {row && <Badge text={row.type} />}
        <span class="spring" />
        <Button
          label="Close details"
          title="Close (Esc)"
          icon="close"
          hideLabel
          kind="bare"
          onClick={close}
        />
      </div>
      {row ? <Inside key={row.id} row={row} /> : <Gone />}
    </div>
  );
}

function Gone() {
  return (
    <Empty
      icon="silent"
      title="No such device now"
      text="It came over a connection of before. It is shown again here when it sends again."
    />
  );
}

function Inside({ row }: { row: Row }) {
  const [isPaused, setPaused] = useState(false);
  const [message, setMessage] = useState<MessageDetails | string | null>(null);
  useEffect(() => (isPaused ? undefined : refreshed(row.id, setMessage)), [row.id, isPaused]);
  return (
    <div class="details-inside">
      <How row={row} />
      <section aria-label="Last message">
        <div class="details-line">
          <h3>Last message</h3>
          <span class="spring" />
          <Toggle
            label={isPaused ? "Go on" : "Hold"}
            title="Hold this message, or show the newest once a second"
            icon={isPaused ? "play" : "pause"}
            on={isPaused}
            onClick={() => setPaused(!isPaused)}
          />
          <Button
            label="Copy"
            title="Copy the message as JSON"
            icon="copy"
            disabled={message === null || typeof message === "string"}
            onClick={() => copy(message)}
          />
        </div>
        {message === null && <p class="muted">Asking for it ...</p>}
        {typeof message === "string" && <p class="is-warn">{message}</p>}
        {message !== null && typeof message !== "string" && <Message message={message} />}
      </section>
    </div>
  );
}

/** Nothing is so long on its way, s. */
const OLD_S = 60;

function How({ row }: { row: Row }) {
  void boardTime.value; // the age grows, also of what sends no more
  const look = ROW_STATES[row.state];
  const from = connections.value.find((one) => one.id === row.connection);
  const numbers: [string, string, string?][] = [
    ["Rate", format.perSecond(known(row, row.rate))],
    ["Bandwidth", format.bandwidth(known(row, row.bandwidth))],
    ["Latency", format.delay(row.latency), "From the time in the header to the arrival"],
    ["Age", format.age(ageOf(row.id)), "Since the last message"],
    ["Messages", format.count(row.messages)],
    ["Bytes", format.bytes(row.bytes)],
    ["Lost", format.count(row.drops), "Messages missing between those that came, where they are numbered"],
    ["Malformed", format.count(row.errors)],
  ];
  return (
    <section aria-label="How it goes">
      <p class={`details-state is-${look.tone}`}>
        <Icon name={look.icon} />
        <span>
          <strong>{look.word}.</strong> {row.note ? sentence(row.note) : look.meaning}
        </span>
      </p>
      {row.left_out && <p class="is-warn">{sentence(row.left_out)}</p>}
      {(row.latency ?? 0) > OLD_S && (
        <p class="muted">
          The messages' times are old: a replay (<code>--times now</code> moves them), or clocks that differ.
        </p>
      )}
      <dl class="numbers number">
        {numbers.map(([name, value, title]) => (
          <div key={name} title={title}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="muted from cut" title={from?.text}>
        From {from?.endpoint ?? "a connection of before"}
      </p>
    </section>
  );
}

function sentence(note: string): string {
  return `${note[0]!.toUpperCase()}${note.slice(1)}${/[.!?]$/.test(note) ? "" : "."}`;
}

function Message({ message }: { message: MessageDetails }) {
  const { header, metadata, fields, error, text } = message;
  const head = {
    version: header.version,
    type: header.type,
    device: header.device,
    time: header.time === null ? "none" : moment(header.time),
    received: moment(message.received),
    size: `${format.count(header.size)} bytes`,
  };
  return (
    <div class="message">
      {error !== null && (
        <p class="message-error" role="alert">
          <Icon name="bad" class="is-bad" />
          <span title={error}>
            {Object.keys(fields).length
              ? "It is malformed: the content below is of the last good one."
              : "It is malformed, and no good one has come."}
          </span>
        </p>
      )}
      {text && <p class="message-text">{text}</p>}
      <Part title="Header" value={head} />
      {Object.keys(metadata).length > 0 && <Part title="Metadata" value={metadata} />}
      {Object.keys(fields).length > 0 && <Part title="Content" value={fields} />}
    </div>
  );
}

function moment(time: number): string {
  return `${format.day(time)} ${format.clock(time)}`;
}

function Part({ title, value }: { title: string; value: Record<string, unknown> }) {
  return (
    <details class="message-part" open>
      <summary>{title}</summary>
      <Value value={value} />
    </details>
  );
}

async function copy(message: unknown): Promise<void> {
  if (await copied(JSON.stringify(message, null, 2))) return;
  trouble.value = "Nothing was copied: this browser does not let the page write to the clipboard.";
}
