// The bar at the bottom: the timeline of a recording that is played, or the button that records
// what comes.

import { hello, linkState } from "../store";
import { PlayBar } from "./play_bar";
import { RecordBar } from "./record_bar";

export function Recordings() {
  const mode = hello.value?.mode;
  if (mode === "file") return <PlayBar />;
  if (mode === "live") return <RecordBar />;
  const text = linkState.value === "lost" ? "No connection to igtl view" : "Connecting to igtl view ...";
  return (
    <div class="record-bar">
      <span class="muted">{text}</span>
    </div>
  );
}
