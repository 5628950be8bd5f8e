/** Secrets that must stand in rows: sealed with a key of a file beside the database, so that who reads rows learns none. */
import { join } from 'node:path';
import { openSealer } from './key-file.ts';

/** Text to text: what is sealed fits wherever the text stood, a column or a property of a document. */
export interface Seal {
  seal(text: string): string;
  /** Text that was never sealed (a row of an older version) is given as it is. Throws for a key that is not here. */
  open(text: string): string;
}

const mark = 'sealed:';

/** One file of keys per service: a role opens its own rows and no others. The first start makes it. */
export const openSeal = (cloud: { readonly var: string }, service: string): Seal =>
  sealWith(join(cloud.var, 'secrets', `${service}-row-keys`));

export function sealWith(file: string): Seal {
  const keys = openSealer(file);
  return {
    seal: (text) => {
      const { sealed, keyId } = keys.seal(text);
      return `${mark}${keyId}:${sealed}`;
    },
    open: (text) => {
      if (!text.startsWith(mark)) return text;
      const [keyId = '', sealed = ''] = text.slice(mark.length).split(':');
      return keys.open(sealed, keyId);
    },
  };
}

/** Seals these properties of a document, whatever they hold and however deep they stand. */
export const sealProperties = <T>(value: T, names: readonly string[], { seal }: Seal): T =>
  mapProperties(value, names, (each) => ({ sealed: seal(JSON.stringify(each)) })) as T;

/** The document as it was before `sealProperties`. */
export const openProperties = <T>(value: T, names: readonly string[], { open }: Seal): T =>
  mapProperties(value, names, (each) => (isSealed(each) ? JSON.parse(open(each.sealed)) : each)) as T;

const isSealed = (value: unknown): value is { readonly sealed: string } =>
  typeof value === 'object' && value !== null && 'sealed' in value && String(value.sealed).startsWith(mark);

function mapProperties(value: unknown, names: readonly string[], map: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => mapProperties(each, names, map));
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(([name, each]) => {
    const isSecret = names.includes(name) && each !== null && each !== undefined;
    return [name, isSecret ? map(each) : mapProperties(each, names, map)];
  });
  return Object.fromEntries(pairs);
}
