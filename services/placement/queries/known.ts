import type { Knex } from 'knex';
import { badRequest } from '#shared/errors/fault.ts';
import type { SetQuery } from '../names/store.ts';
import { classes } from '../resource-classes/store.ts';
import { traits } from '../traits/store.ts';
import type { Amounts } from './resources.ts';

/** Throws 400 when a query names a resource class or a trait that does not exist. */
export async function checkNames(
  db: Knex,
  amounts: readonly Amounts[],
  sets: readonly SetQuery[],
  where = '',
): Promise<void> {
  const names = amounts.flatMap((each) => Object.keys(each));
  const [unknown] = await classes.unknown(db, names);
  if (unknown !== undefined)
    throw badRequest(`Invalid resource class in resources parameter: No such resource class ${unknown}.`);
  const unknownTraits = await traits.unknown(
    db,
    sets.flatMap(({ anyOf, none }) => [...anyOf.flat(), ...none]),
  );
  if (unknownTraits.length > 0) throw badRequest(`${where}No such trait(s): ${unknownTraits.join(', ')}.`);
}
