// A recording that is played: play and pause, the timeline, speed, loop.

import type { Playback } from "../api";
import { Badge, Button, format, Select, Toggle, useKey } from "../parts";
import { linkState, playback, wish } from "../store";
import { shownPosition, Timeline } from "./timeline";

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const FULL = "full";

export function PlayBar() {
  const played = playback.value;
  useKey(" ", () => played && turn(played));
  if (!played) return <p class="play-bar muted">Opening the recording ...</p>;
  const isStopped = played.paused || played.over;
  const isCut = linkState.value !== "open";
  return (
    <div class="play-bar">
      <Button
        label={isStopped ? "Play" : "Pause"}
        title={`${isStopped ? "Play" : "Pause"} (space)`}
        icon={isStopped ? "play" : "pause"}
        hideLabel
        kind="strong"
        disabled={isCut}
        onClick={() => turn(played)}
      />
      <span class="play-time number">
        {format.duration(shownPosition(played))} <span class="muted">/ {format.duration(played.end)}</span>
      </span>
      <Recorded time={played.clock - played.position + shownPosition(played)} />
      <Timeline played={played} />
      <Select
        label="Speed"
        hideLabel
        title="Speed"
        value={played.speed === null ? FULL : String(played.speed)}
        choices={speeds(played.speed)}
        disabled={isCut}
        onChange={(value) => wish({ do: "speed", speed: value === FULL ? null : Number(value) })}
      />
      <Toggle
        label="Loop"
        title={played.loop ? "Plays again and again" : "Stops at the end"}
        icon="loop"
        hideLabel
        on={played.loop}
        disabled={isCut}
        onClick={() => wish({ do: "loop", loop: !played.loop })}
      />
      <span class="play-file">
        <span class="cut" title={played.file}>
          {played.file}
        </span>
        <Round played={played} />
      </span>
    </div>
  );
}

/** Play what stands still, pause what plays; at the end, begin anew. */
function turn(played: Playback): void {
  const isStopped = played.paused || played.over;
  if (isStopped && played.position >= played.end) wish({ do: "seek", position: played.start });
  wish({ do: isStopped ? "resume" : "pause" });
}

/** When that was recorded which is shown, to the second. */
function Recorded({ time }: { time: number }) {
  return (
    <span class="play-clock number muted" title="When this was recorded">
      {format.day(time)} {format.clock(time).slice(0, 8)}
    </span>
  );
}

function Round({ played }: { played: Playback }) {
  if (played.over) return <Badge text="At the end" />;
  if (played.loops > 0) return <Badge text={`Round ${played.loops + 1}`} />;
  return null;
}

/** The speeds to choose from, and the one that somebody set elsewhere. */
export function speeds(now: number | null) {
  const all = now === null || SPEEDS.includes(now) ? SPEEDS : [...SPEEDS, now].sort((a, b) => a - b);
  return [
    ...all.map((speed) => ({ value: String(speed), label: `${speed}\u00d7` })),
    { value: FULL, label: "Full speed" },
  ];
}
