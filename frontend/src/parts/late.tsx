// Panels that are loaded when they are first shown, and a net below each so that one that fails
// does not take the page with it.

import { signal } from "@preact/signals";
import { Component, type ComponentChildren, type FunctionComponent } from "preact";
import { Button } from "./controls";
import { Empty, Failure } from "./notices";

/** A component without props whose code comes with the first look at it. */
export function late(name: string, load: () => Promise<FunctionComponent>): FunctionComponent {
  const panel = signal<FunctionComponent | null>(null);
  const hasFailed = signal(false);
  let isAsked = false;

  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    load().then(
      (component) => (panel.value = component),
      () => (hasFailed.value = true),
    );
  }

  return function Late() {
    const Panel = panel.value;
    if (Panel) return <Panel />;
    if (hasFailed.value) return <NotLoaded name={name} />;
    ask();
    return <Empty title={name} text="Loading ..." />;
  };
}

/** Browsers remember that a module did not come: only the whole page can be asked for again. */
function NotLoaded({ name }: { name: string }) {
  return (
    <Failure
      title={`${name} could not be loaded`}
      text={
        "This part of the page did not come: igtl view has ended, or is another version by now. " +
        "Start it, then load the page again."
      }
    >
      <Button label="Load the page again" icon="reset" onClick={() => location.reload()} />
    </Failure>
  );
}

interface NetParts {
  name: string;
  children: ComponentChildren;
}

/** Shows what went wrong in place of a panel that threw. */
export class Net extends Component<NetParts, { error: string | null }> {
  override state: { error: string | null } = { error: null };

  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ error: error instanceof Error ? error.message : String(error) });
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Failure title={`${this.props.name} has failed`} text={this.state.error}>
        <Button label="Show again" icon="reset" onClick={() => this.setState({ error: null })} />
      </Failure>
    );
  }
}
