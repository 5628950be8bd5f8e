/** Hidden options are encrypted at rest with the credential keys. */
import type { Knex } from 'knex';
import type { Sealer } from '#shared/seal/key-file.ts';
import type { Identity } from '../context.ts';
import { hidden, isHidden } from './options.ts';
import { type DomainOption, listOptions, setOption } from './store.ts';

interface Sealed {
  readonly sealed: string;
  readonly keyId: string;
}

const isSealed = (value: unknown): value is Sealed =>
  value !== null && typeof value === 'object' && 'sealed' in value && 'keyId' in value;

/** The option as stored. */
export const storedOption = ({ sealer }: Pick<Identity, 'sealer'>, option: DomainOption): DomainOption =>
  isHidden(option.group, option.option) && option.value !== null
    ? { ...option, value: sealer.seal(String(option.value)) }
    : option;

/** The options as used, decrypted. */
export const openedOptions = (
  { sealer }: Pick<Identity, 'sealer'>,
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      isSealed(value) ? sealer.open(value.sealed, value.keyId) : value,
    ]),
  );

/** Encrypts plain values and those of older keys with the newest key. Resolves with their number. */
export async function resealOptions(db: Knex, sealer: Sealer): Promise<number> {
  let count = 0;
  for (const [group, names] of Object.entries(hidden))
    for (const option of names)
      for (const row of await listOptions(db, { group, option })) {
        const { value } = row;
        if (value === null || (isSealed(value) && value.keyId === sealer.newest)) continue;
        const text = isSealed(value) ? sealer.open(value.sealed, value.keyId) : String(value);
        await setOption(db, { ...row, value: sealer.seal(text) });
        count += 1;
      }
  return count;
}
