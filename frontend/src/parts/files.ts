// What leaves the page: files for the folder of downloads, text for the clipboard.

/** Save a file as "igtl-NAME-DATE-TIME.ENDING"; `time` is unix s. */
export function save(file: Blob, name: string, ending: string, time: number): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `igtl-${name.replace(/[^\w.-]+/g, "_")}-${stamp(time)}.${ending}`;
  link.click();
  // The browser has to have begun before the address ends.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Save text; `type` is such as "text/csv". */
export function saveText(text: string, type: string, name: string, ending: string, time: number): void {
  save(new Blob([text], { type: `${type};charset=utf-8` }), name, ending, time);
}

/** "20260102-140309", by this machine's clock. */
export function stamp(time: number): string {
  const date = new Date(time * 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** Returns whether it worked: browsers give the clipboard to pages of this machine and of https only. */
export async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

/** The way before there was one; it works everywhere while browsers keep it. */
function copiedBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "only-read-aloud";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
