import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import { unknownTraits } from '../traits/store.ts';
import type { SetWish } from './sets.ts';

export async function checkTraits(db: Knex, wishes: readonly SetWish[], prefix = ''): Promise<void> {
  const names = wishes.flatMap(({ anyOf, none }) => [...anyOf.flat(), ...none]);
  const unknown = await unknownTraits(db, names);
  if (unknown.length > 0) throw badRequest(`${prefix}No such trait(s): ${unknown.join(', ')}.`);
}
