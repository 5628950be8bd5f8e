import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import { unknownTraits } from '../traits/store.ts';
import type { SetQuery } from './sets.ts';

export async function checkTraits(db: Knex, queries: readonly SetQuery[], prefix = ''): Promise<void> {
  const names = queries.flatMap(({ anyOf, none }) => [...anyOf.flat(), ...none]);
  const unknown = await unknownTraits(db, names);
  if (unknown.length > 0) throw badRequest(`${prefix}No such trait(s): ${unknown.join(', ')}.`);
}
