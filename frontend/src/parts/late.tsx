// Panels that are loaded when they are first shown, and a net below each so that one that fails
// does not take the page with it.

import { signal } from "@preact/signals";
import { Component, type ComponentChildren, type FunctionComponent } from "preact";
import { Button } from "./controls";
import { Empty, Failure } from "./notices";

/** A component without props whose code comes with the first look at it. */
export function late(name: string, load: () => Promise<FunctionComponent>): FunctionComponent {
  const panel = signal<FunctionComponent | null>(null);
  const failure = signal<unknown>(null);
  let isAsked = false;

  function ask(): void {
    if (isAsked) return;
    isAsked = true;
    load().then(
      (component) => (panel.value = component),
      (error: unknown) => (failure.value = error),
    );
  }

  return function Late() {
    const Panel = panel.value;
    if (Panel) return <Panel />;
    if (failure.value) return <NotLoaded name={name} why={String(failure.value)} />;
    ask();
    return <Empty title={name} text="Loading ..." />;
  };
}

/** Browsers remember that a module did not come: only the whole page can be asked for again. */
function NotLoaded({ name, why }: { name: string; why: string }) {
  return (
    <Failure
      title={`${name} could not be loaded`}
      text={
        `${why}. If igtl view has ended, or is another version by now: start it, then load the page ` +
        "again. Else this browser lacks something: update it, or try another one."
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
