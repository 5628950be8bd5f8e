/** One line for the stock client, and its expected result. */
import assert from 'node:assert/strict';

export interface Heard {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Words in `{braces}` are values of the environment or kept by an earlier line. */
export interface Step {
  readonly line: string;
  readonly fails: boolean;
  /** Whether the client answers in JSON, by `-f json` at the end. */
  readonly json: boolean;
  readonly more: More;
  /** Throws when the output is not the expected one; returns the values to keep. */
  check(heard: Heard, fill: (words: string) => string): unknown;
}

export interface More {
  /** The cloud of clouds.yaml that the caller uses; admin by default. */
  readonly as?: string;
  /** Keeps the `id` of the answer, or several fields, under these names. */
  readonly keep?: string | Readonly<Record<string, string>>;
  /** Where the two clients differ. */
  readonly only?: 'pip' | 'debian';
  /** The exit code of the client when it is not 0 on success. */
  readonly code?: number;
}

export type Expected =
  | RegExp
  | string
  | number
  | boolean
  | null
  | readonly Expected[]
  | { readonly [key: string]: Expected };

/** `openstack … show`, `create`: one resource. */
export const shows = (line: string, expected: Expected, more: More = {}): Step => ({
  line,
  fails: false,
  json: true,
  more,
  check: (heard, fill) => {
    const thing: unknown = JSON.parse(succeeded(heard).stdout);
    assertLike(thing, expected, fill);
    return thing;
  },
});

/** `openstack … list`: the list contains the row. */
export const lists = (line: string, row: Expected, more: More = {}): Step => ({
  line,
  fails: false,
  json: true,
  more,
  check: (heard, fill) => {
    const rows = JSON.parse(succeeded(heard).stdout) as readonly unknown[];
    const found = rows.find((each) => isLike(each, row, fill));
    if (found === undefined) assert.fail(`no row like ${fill(JSON.stringify(row))} in ${JSON.stringify(rows)}`);
    return found;
  },
});

/** A list without the row. */
export const lacks = (line: string, row: Expected, more: More = {}): Step => ({
  ...lists(line, row, more),
  check: (heard, fill) => {
    const rows = JSON.parse(succeeded(heard).stdout) as readonly unknown[];
    assert.deepEqual(
      rows.filter((each) => isLike(each, row, fill)),
      [],
    );
  },
});

/** `openstack … set`, `delete`, `add`: no output, or this text. */
export const does = (line: string, more: More = {}, words = /^\s*$/): Step => ({
  line,
  fails: false,
  json: false,
  more,
  check: (heard) => {
    assert.equal(heard.code, more.code ?? 0, heard.stderr);
    assert.match(heard.stdout + heard.stderr, words);
  },
});

/** The client exits with another code than 0 and this message. */
export const refuses = (line: string, why: RegExp, more: More = {}): Step => ({
  line,
  fails: true,
  json: false,
  more,
  check: ({ code, stdout, stderr }) => {
    assert.notEqual(code, 0, `it went well: ${stdout}`);
    assert.match(stderr + stdout, why);
  },
});

function succeeded(heard: Heard): Heard {
  assert.equal(heard.code, 0, `${heard.stderr}${heard.stdout}`);
  return heard;
}

/** Expected fields are present; others may be. */
function assertLike(actual: unknown, expected: Expected, fill: (words: string) => string): void {
  if (!isLike(actual, expected, fill)) assert.fail(`not like ${fill(inspect(expected))}: ${JSON.stringify(actual)}`);
}

const inspect = (expected: Expected) =>
  JSON.stringify(expected, (_key, value: unknown) => (value instanceof RegExp ? String(value) : value));

function isLike(actual: unknown, expected: Expected, fill: (words: string) => string): boolean {
  if (expected instanceof RegExp) return expected.test(typeof actual === 'string' ? actual : JSON.stringify(actual));
  if (typeof expected === 'string') return actual === fill(expected);
  if (typeof expected !== 'object' || expected === null) return actual === expected;
  if (typeof actual !== 'object' || actual === null) return false;
  const there = new Map(Object.entries(actual).map(([key, value]: [string, unknown]) => [asField(key), value]));
  return Object.entries(expected).every(([key, value]: [string, Expected]) =>
    isLike(there.get(fill(key)), value, fill),
  );
}

/** Column headers differ between the clients: Project ID and project_id. */
export const asField = (header: string): string => header.toLowerCase().replaceAll(' ', '_');
