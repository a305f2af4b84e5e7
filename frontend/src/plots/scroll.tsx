// Below the plots: freeze, follow, and look back.

import { Button } from "../parts";
import { timeOfDay } from "./chart";
import { drawn, edges, follow, kept, length, stop, stopAt, stopped } from "./view";

export function Scroll() {
  const isStopped = stopped.value !== null;
  return (
    <div class="plots-scroll">
      <Button
        label={isStopped ? "Follow" : "Freeze"}
        icon={isStopped ? "play" : "pause"}
        title={isStopped ? "Show the newest again" : "Let the plots stand still; what comes meanwhile is kept"}
        kind={isStopped ? "strong" : "plain"}
        onClick={isStopped ? follow : stop}
      />
      <Slider />
    </div>
  );
}

function Slider() {
  drawn.value;
  const [oldest, newest] = kept();
  const [from, to] = edges();
  const past = Math.min(0, oldest + length.value - newest);
  const text = Number.isFinite(to) ? `${timeOfDay(from)} to ${timeOfDay(to)}` : "";
  return (
    <>
      <input
        type="range"
        aria-label="Look back"
        aria-valuetext={text}
        min={past || -1}
        max={0}
        step="any"
        disabled={past === 0}
        value={to - newest}
        onInput={(event) => stopAt(kept()[1] + Number(event.currentTarget.value))}
        onKeyDown={step}
      />
      <span class="plots-times number">{text}</span>
    </>
  );
}

const STEPS: Record<string, number> = {
  ArrowLeft: -0.1,
  ArrowDown: -0.1,
  ArrowRight: 0.1,
  ArrowUp: 0.1,
  PageDown: -1,
  PageUp: 1,
};

/** By a tenth of what is shown, or by all of it. */
function step(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  if (step === undefined) return;
  event.preventDefault();
  stopAt(edges()[1] + step * length.value);
}
