/** The file of `wattle identity import-users`: a JSON list, or a JSON object a line. */

/** A user as the export of a Keystone tells of them. */
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
  /** One sentence each, beginning with where it is. */
  readonly problems: readonly string[];
}

interface Field {
  readonly required?: true;
  readonly fits: (value: unknown) => boolean;
  readonly what: string;
}

const text = (most: number) => (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most;

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
  const found = content.trimStart().startsWith('[') ? ofList(content) : ofLines(content);
  const authorized = found.map(({ where, value }) => ({ where, value, problem: problemOf(value) }));
  return {
    rows: authorized.filter(({ problem }) => !problem).map(({ where, value }) => rowOf(where, value as Given)),
    problems: authorized.flatMap(({ where, problem }) => (problem ? [`${where}: ${problem}`] : [])),
  };
}

interface Found {
  readonly where: string;
  /** Undefined where it is no JSON. */
  readonly value: unknown;
}

const ofLines = (content: string): Found[] =>
  content
    .split('\n')
    .map((line, at) => ({ where: `line ${at + 1}`, line }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ where, line }) => ({ where, value: parsed(line) }));

function ofList(content: string): Found[] {
  const list = parsed(content);
  if (!Array.isArray(list)) return [{ where: 'the list', value: undefined }];
  return list.map((value: unknown, at) => ({ where: `user ${at + 1}`, value }));
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

type Given = Readonly<Record<string, unknown>>;

function problemOf(value: unknown): string | undefined {
  if (value === undefined) return 'is not JSON';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is not an object';
  const strange = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (strange !== undefined) return `${strange} is not known; these are: ${Object.keys(fields).join(', ')}`;
  for (const [key, { required, fits, what }] of Object.entries(fields)) {
    const given = (value as Given)[key] ?? undefined;
    if (given === undefined ? required : !fits(given)) return `${key} must be ${what}`;
  }
  return undefined;
}

/** What a database leaves empty is null there. */
const rowOf = (
  where: string,
  { name, domain, hash, id, email, enabled, default_project: project }: Given,
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
