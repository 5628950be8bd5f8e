/** Encrypts (**seals**) secrets in rows with a key in a file outside the database, so that the rows alone reveal none. */
import { join } from 'node:path';
import { openSealer } from './key-file.ts';

/** Encrypts text to text, for a column or a property of a document. */
export interface Seal {
  seal(text: string): string;
  /** Decrypts; returns text that is not sealed (in rows of older versions) unchanged. Throws for an unknown key. */
  open(text: string): string;
}

const mark = 'sealed:';

/** Opens the key file of a service, var/secrets/<service>-row-keys, which the first start creates. */
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

/** Seals these properties of a document, of any type and at any depth. */
export const sealProperties = <T>(value: T, names: readonly string[], { seal }: Seal): T =>
  mapProperties(value, names, (each) => ({ sealed: seal(JSON.stringify(each)) })) as T;

/** Reverses `sealProperties`. */
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
