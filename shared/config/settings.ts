/**
 * Settings are read from wattle.yaml, one section per service. An environment variable overrides one:
 * WATTLE_COMPUTE__DATABASE for a section, WATTLE_ADDRESS for the section `cloud`. Each setting is declared once with its
 * default (`fallback`) and its help text (`meaning`); the sample file is generated from that.
 */
export interface Setting<T> {
  readonly fallback: T;
  readonly meaning: string;
  /** Throws BadSettings naming what was expected. */
  readonly parse: (raw: unknown) => T;
}

export type Section = Readonly<Record<string, Setting<unknown>>>;
export type ValuesOf<S extends Section> = { readonly [Name in keyof S]: S[Name]['fallback'] };

/** A setting is unknown or has a value that cannot be used: the start stops with this message. */
export class BadSettings extends Error {}

const expected = (what: string, raw: unknown) => new BadSettings(`expected ${what}, found ${JSON.stringify(raw)}`);

export const text = (fallback: string, meaning: string): Setting<string> => ({
  fallback,
  meaning,
  parse: (raw) => {
    if (typeof raw === 'string' || typeof raw === 'number') return String(raw);
    throw expected('text', raw);
  },
});

export const number = (fallback: number, meaning: string): Setting<number> => ({
  fallback,
  meaning,
  parse: (raw) => {
    const parsed = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
    if (typeof parsed === 'number' && Number.isFinite(parsed)) return parsed;
    throw expected('a number', raw);
  },
});

export const flag = (fallback: boolean, meaning: string): Setting<boolean> => ({
  fallback,
  meaning,
  parse: (raw) => {
    if (raw === true || raw === 'true') return true;
    if (raw === false || raw === 'false') return false;
    throw expected('true or false', raw);
  },
});

export const oneOf = <const T extends string>(
  choices: readonly T[],
  fallback: NoInfer<T>,
  meaning: string,
): Setting<T> => ({
  fallback,
  meaning: `${meaning} (${choices.join(' | ')})`,
  parse: (raw) => {
    const choice = choices.find((each) => each === raw);
    if (choice !== undefined) return choice;
    throw expected(choices.join(' or '), raw);
  },
});

/** A list; in an environment variable its items are separated by commas. */
export const list = (fallback: readonly string[], meaning: string): Setting<readonly string[]> => ({
  fallback,
  meaning,
  parse: (raw) => {
    if (Array.isArray(raw)) return raw.map(String);
    if (typeof raw === 'string')
      return raw
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean);
    throw expected('a list', raw);
  },
});

type Raw = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  /** Returns the values of one section. Throws BadSettings for a name that the section does not declare. */
  read<S extends Section>(name: string, section: S): ValuesOf<S>;
  /** Names of the sections in the file. */
  readonly sections: readonly string[];
}

/** `ignoresUnknown`: for settings that a cloud of a later release sends to a node. */
export function settingsOf(file: Raw, environment: Environment = {}, { ignoresUnknown = false } = {}): Settings {
  const read = <S extends Section>(name: string, section: S) => {
    const given = file[name] ?? {};
    const unknown = Object.keys(given).find((key) => !(key in section));
    if (unknown !== undefined && !ignoresUnknown)
      throw new BadSettings(`${name}.${unknown} is not a setting: ${Object.keys(section).join(', ')}`);
    const values = Object.entries(section).map(([key, setting]) => {
      const raw = environment[variableOf(name, key)] ?? given[key];
      return [key, raw === undefined ? setting.fallback : parsed(`${name}.${key}`, setting, raw)];
    });
    return Object.fromEntries(values) as ValuesOf<S>;
  };
  return { read, sections: Object.keys(file) };
}

/** The environment variable of a setting: WATTLE_COMPUTE_AGENT__STATE_DIR. */
export function variableOf(section: string, key: string): string {
  const upper = (name: string) =>
    name
      .replaceAll('-', '_')
      .replace(/[A-Z]/g, (letter) => `_${letter}`)
      .toUpperCase();
  return section === 'cloud' ? `WATTLE_${upper(key)}` : `WATTLE_${upper(section)}__${upper(key)}`;
}

function parsed(name: string, setting: Setting<unknown>, raw: unknown): unknown {
  try {
    return setting.parse(raw);
  } catch (cause) {
    throw new BadSettings(`${name}: ${(cause as Error).message}`, { cause });
  }
}
