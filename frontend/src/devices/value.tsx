// Any value of JSON for people: names and values in two columns, matrices as matrices, long lists
// cut.

import { format } from "../parts";

const MOST = 64;
const DEEPEST = 6;

export function Value({ value, depth = 0 }: { value: unknown; depth?: number }) {
  if (value === null || typeof value !== "object") return <span class="mono">{scalar(value)}</span>;
  if (depth > DEEPEST) return <span class="muted">...</span>;
  if (isMatrix(value)) return <Matrix rows={value} />;
  if (isLarge(value)) return <Large array={value} />;
  if (isNumbers(value)) return <span class="mono number">{numbers(value)}</span>;
  const named = Object.entries(value); // those of a list are its numbers
  if (!named.length) return <span class="muted">none</span>;
  return <Named named={named} depth={depth} />;
}

function Named({ named, depth }: { named: readonly (readonly [string, unknown])[]; depth: number }) {
  return (
    <dl class={`named ${depth ? "inner" : ""}`}>
      {named.slice(0, MOST).map(([name, one]) => (
        <div key={name} class={isWide(one) ? "wide" : undefined}>
          <dt>{name.replaceAll("_", "_\u200b")}</dt>
          <dd>
            <Value value={one} depth={depth + 1} />
          </dd>
        </div>
      ))}
      {named.length > MOST && <div class="muted">and {named.length - MOST} more</div>}
    </dl>
  );
}

function Matrix({ rows }: { rows: (number | null)[][] }) {
  const isWhole = rows.flat().every((one) => one === null || Number.isInteger(one));
  const isPlain = (one: number | null) => isWhole || one === null || Math.abs(one) >= 1e6;
  const cell = (one: number | null) => (isPlain(one) ? number(one) : format.fixed(one, 4));
  return (
    <table class="matrix mono number">
      <tbody>
        {rows.slice(0, MOST).map((row, at) => (
          <tr key={at}>
            {row.map((one, column) => (
              <td key={column}>{cell(one)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface LargeArray {
  shape: number[];
  dtype: string;
  first?: (number | null)[];
}

/** An array of which only the first values were sent. */
function Large({ array }: { array: LargeArray }) {
  const { shape, dtype, first = [] } = array;
  return (
    <div class="mono number">
      <div>
        {shape.join(" \u00d7 ")} {dtype}
      </div>
      {first.length > 0 && <div class="muted">{numbers(first)}, ...</div>}
    </div>
  );
}

function isLarge(value: object): value is LargeArray {
  if (!("shape" in value && "dtype" in value && Array.isArray(value.shape))) return false;
  return isNumbers((value as LargeArray).first ?? [0]);
}

/** Needs the whole width, below its name. */
export function isWide(value: unknown): boolean {
  if (typeof value === "string") return value.length > 40;
  if (value === null || typeof value !== "object") return false;
  if (isLarge(value)) return false;
  return !isNumbers(value) || value.length > 4;
}

export function isMatrix(value: unknown): value is (number | null)[][] {
  if (!Array.isArray(value) || value.length < 2 || !value.every(isNumbers)) return false;
  const width = (value[0] as unknown[]).length;
  return width > 1 && width <= 6 && value.every((row) => (row as unknown[]).length === width);
}

function isNumbers(value: unknown): value is (number | null)[] {
  const isNumber = (one: unknown) => one === null || typeof one === "number";
  return Array.isArray(value) && value.length > 0 && value.every(isNumber);
}

function numbers(values: readonly (number | null)[]): string {
  const more = values.length > MOST ? `, and ${values.length - MOST} more` : "";
  return values.slice(0, MOST).map(number).join(", ") + more;
}

/** Whole numbers as they are, others with four digits. */
export function number(value: number | null): string {
  if (value === null) return "not a number";
  if (Number.isInteger(value)) return String(value).replace("-", "\u2212");
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e7) return value.toExponential(4).replaceAll("-", "\u2212");
  return format.fixed(value, 4);
}

function scalar(value: unknown): string {
  if (typeof value === "number") return number(value);
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = String(value);
  return text.length > 2000 ? `${text.slice(0, 2000)} ... (${text.length} characters)` : text || '""';
}
