// The little of Node that tests need: its types are not installed.
declare module "node:fs" {
  export function readFileSync(path: URL, encoding: "utf8"): string;
}
