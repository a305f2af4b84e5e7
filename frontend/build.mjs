// Builds the page: `node build.mjs [FOLDER]`, by default into the Python package.
import { build } from "esbuild";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = process.argv[2] ?? join(here, "..", "src", "igtl", "viewer", "page");

// Whole or not at all: what was there stays until the new page is complete.
const made = `${folder}.new`;

await rm(made, { recursive: true, force: true });
await mkdir(made, { recursive: true });
const { metafile } = await built({
  absWorkingDir: here,
  entryPoints: { main: "src/main.tsx" },
  outdir: made,
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  metafile: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  chunkNames: "[name]-[hash]",
  alias: { "spark-md5": "./src/space/hash.ts" },
  loader: { ".svg": "text" },
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) {
  await copyFile(join(here, "src", name), join(made, name));
}
await writeFile(join(made, "licenses.txt"), await licenses(Object.keys(metafile.inputs)));
await rm(folder, { recursive: true, force: true });
await rename(made, folder);

/** What esbuild made; its own words say what is wrong with the sources, a stack would not. */
async function built(options) {
  try {
    return await build(options);
  } catch {
    process.exit(1);
  }
}

/** The licenses of all packages that went into the page, as they ask for. */
async function licenses(inputs) {
  // A package may lie in the folder of the one that needs it: the last "node_modules" counts.
  const packages = inputs.map((path) => /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0]);
  const texts = [];
  for (const folder of [...new Set(packages)].filter(Boolean).sort()) {
    const place = join(here, folder);
    const { name, version, license } = JSON.parse(await readFile(join(place, "package.json"), "utf8"));
    const file = (await readdir(place)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(place, file), "utf8") : "";
    texts.push(`${name} ${version}, ${license}\n\n${text.trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
