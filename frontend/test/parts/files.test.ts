// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { save, stamp } from "../../src/parts/files";

test("files are called by what they show, and when: no name of a peer leads out of the folder", () => {
  const names: string[] = [];
  const saved = (event: Event) => {
    names.push((event.target as HTMLAnchorElement).download);
    event.preventDefault();
  };
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
    this.addEventListener("click", saved);
    this.dispatchEvent(new Event("click", { cancelable: true }));
  };
  save(new Blob(["a"]), "../../Probe: 1<b>", "png", 1_700_000_000);
  HTMLAnchorElement.prototype.click = click;
  expect(names).toEqual([`igtl-.._.._Probe_1_b_-${stamp(1_700_000_000)}.png`]);
});
