/** Parses the file of `wattle identity import-users`: a JSON list, or one JSON object per line. */

/** A user as exported from a Keystone. */
export interface ImportRow {
  /** `line 7`, or `user 7` of a list. */
  readonly where: string;
  readonly name: string;
  /** Its name or id. */
  readonly domain: string;
  readonly hash: string;
  readonly id?: string;
  readonly email?: string;
  readonly enabled: boolean;
  /** Its name in that domain, or its id. */
  readonly defaultProject?: string;
}

export interface ImportFile {
  readonly rows: readonly ImportRow[];
  /** One sentence each, which begins with the position. */
  readonly problems: readonly string[];
}

interface Field {
  readonly required?: true;
  readonly fits: (value: unknown) => boolean;
  readonly what: string;
}

const text = (maxLength: number) => (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maxLength;

const fields: Readonly<Record<string, Field>> = {
  name: { required: true, fits: text(255), what: 'a text of at most 255 characters' },
  domain: { required: true, fits: text(64), what: 'the name or id of a domain' },
  hash: { required: true, fits: text(255), what: 'the hash of a password' },
  id: { fits: (value) => /^[\w-]{1,64}$/.test(String(value)), what: 'at most 64 letters, digits, - and _' },
  email: { fits: text(255), what: 'a text of at most 255 characters' },
  enabled: { fits: (value) => [true, false, 1, 0].includes(value as boolean), what: 'true or false' },
  default_project: { fits: text(64), what: 'the name or id of a project' },
};

export function readImport(content: string): ImportFile {
  const found = content.trimStart().startsWith('[') ? entriesOfList(content) : entriesOfLines(content);
  const authorized = found.map(({ where, value }) => ({ where, value, problem: problemOf(value) }));
  return {
    rows: authorized.filter(({ problem }) => !problem).map(({ where, value }) => rowOf(where, value as RawUser)),
    problems: authorized.flatMap(({ where, problem }) => (problem ? [`${where}: ${problem}`] : [])),
  };
}

interface RawEntry {
  readonly where: string;
  /** Undefined where the text is not JSON. */
  readonly value: unknown;
}

const entriesOfLines = (content: string): RawEntry[] =>
  content
    .split('\n')
    .map((line, at) => ({ where: `line ${at + 1}`, line }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ where, line }) => ({ where, value: parseJson(line) }));

function entriesOfList(content: string): RawEntry[] {
  const list = parseJson(content);
  if (!Array.isArray(list)) return [{ where: 'the list', value: undefined }];
  return list.map((value: unknown, at) => ({ where: `user ${at + 1}`, value }));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

type RawUser = Readonly<Record<string, unknown>>;

function problemOf(value: unknown): string | undefined {
  if (value === undefined) return 'is not JSON';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not an object';
  const unknownKey = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (unknownKey !== undefined) return `${unknownKey} is not known; these are: ${Object.keys(fields).join(', ')}`;
  for (const [key, { required, fits, what }] of Object.entries(fields)) {
    const given = (value as RawUser)[key] ?? undefined;
    if (given === undefined ? required : !fits(given)) return `${key} must be ${what}`;
  }
  return undefined;
}

/** Databases export empty columns as null. */
const rowOf = (
  where: string,
  { name, domain, hash, id, email, enabled, default_project: project }: RawUser,
): ImportRow => ({
  where,
  name: String(name).trim(),
  domain: String(domain),
  hash: String(hash),
  enabled: enabled !== false && enabled !== 0,
  ...(id == null ? {} : { id: String(id) }),
  ...(email == null ? {} : { email: String(email) }),
  ...(project == null ? {} : { defaultProject: String(project) }),
});
