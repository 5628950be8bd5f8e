/** Options that nobody is shown are sealed at rest, with the keys of credentials. */
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

/** As it is written. */
export const keptOption = ({ sealer }: Pick<Identity, 'sealer'>, option: DomainOption): DomainOption =>
  isHidden(option.group, option.option) && option.value !== null
    ? { ...option, value: sealer.seal(String(option.value)) }
    : option;

/** As they count. */
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

/** Seals what was written before it was sealed at all, or by an older key. Resolves with how many there were. */
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
