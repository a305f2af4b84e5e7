// Files for the folder of downloads.

/** Save text as "igtl-NAME-DATE-TIME.ENDING"; `time` is unix s. */
export function save(text: string, type: string, name: string, ending: string, time: number): void {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `igtl-${name}-${stamp(time)}.${ending}`;
  link.click();
  // The browser has to have begun before the address ends.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** "20260102-140309", by this machine's clock. */
export function stamp(time: number): string {
  const date = new Date(time * 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
