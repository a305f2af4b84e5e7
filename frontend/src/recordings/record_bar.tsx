// Recording what comes into a file on the machine where igtl view runs.

import type { RecordingState } from "../api";
import { Button, format, Icon, Readout, useKey } from "../parts";
import { hello, linkState, recording, wish } from "../store";

export function RecordBar() {
  const now = recording.value;
  const isOn = now?.state === "on";
  const canRecord = (hello.value?.can_record ?? false) && linkState.value === "open";
  const turn = () => wish({ do: isOn ? "stop_recording" : "record" });
  useKey("Shift+R", () => (canRecord ? turn() : undefined));
  return (
    <div class="record-bar">
      <Button
        label={isOn ? "Stop" : "Record"}
        title={`${isOn ? "Stop recording" : "Record everything that comes into a file"} (Shift+R)`}
        icon={isOn ? "stop" : "record"}
        class={isOn ? "record-stop" : "record-start"}
        disabled={!canRecord}
        onClick={turn}
      />
      <How now={now} canRecord={hello.value?.can_record ?? false} />
    </div>
  );
}

function How({ now, canRecord }: { now: RecordingState | null; canRecord: boolean }) {
  if (!canRecord) return <span class="muted">Nothing can be recorded from this page.</span>;
  if (now?.state === "on") return <On now={now} />;
  if (now?.state === "failed") return <Failed now={now} />;
  if (now?.path) return <Done now={now} />;
  return (
    <span class="muted record-hint">
      Nothing is recorded. Record writes everything that comes into a file where igtl view runs
      {now ? `; ${format.bytes(now.free)} are free there.` : "."}
    </span>
  );
}

function On({ now }: { now: RecordingState }) {
  return (
    <>
      <span class="record-on" role="status">
        <Icon name="record" class="is-bad" />
        Recording
      </span>
      <Path path={now.path} />
      <Numbers now={now} />
      <Readout
        label="Free"
        value={format.bytes(now.free)}
        tone={now.free < 1e9 ? "warn" : "plain"}
        title="Room left on the disk that is recorded to"
      />
    </>
  );
}

function Done({ now }: { now: RecordingState }) {
  return (
    <>
      <span class="record-done" role="status">
        <Icon name="check" class="is-good" />
        Recorded
      </span>
      <Path path={now.path} />
      <Numbers now={now} />
    </>
  );
}

function Failed({ now }: { now: RecordingState }) {
  return (
    <span class="record-failed" role="alert">
      <Icon name="bad" class="is-bad" />
      <span class="cut-2" title={`${now.text} ${now.path}`}>
        <strong>Recording failed.</strong> {now.text}
      </span>
    </span>
  );
}

function Numbers({ now }: { now: RecordingState }) {
  return (
    <>
      <Readout label="Time" value={format.duration(now.seconds)} />
      <Readout label="Size" value={format.bytes(now.bytes)} />
      <Readout label="Messages" value={format.count(now.messages)} />
      <Readout
        label="Dropped"
        value={format.count(now.dropped)}
        tone={now.dropped ? "bad" : "plain"}
        title="Messages that came and are not in the file: the disk was too slow"
      />
    </>
  );
}

/** The end of a path says more than its beginning. */
function Path({ path }: { path: string }) {
  const name = path.split(/[/\\]/).at(-1) ?? path;
  return (
    <span class="cut record-path mono" title={path}>
      {name}
    </span>
  );
}
