/** Adds prefixes to a subnet pool, and removes those that no subnet is from. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import { cidrOf, overlap } from '#shared/net/addresses.ts';
import { atomically, type Network } from '../context.ts';
import { ownersOf } from '../resources/values.ts';
import { subnetRows } from '../subnets/resource.ts';
import { compact, without } from './carve.ts';
import { updateSubnetPool } from './operations.ts';
import { type SubnetPool, subnetPools } from './resource.ts';

interface Body {
  readonly prefixes: readonly string[];
}

type Edit = (network: Network, caller: Caller, pool: SubnetPool, asked: readonly string[]) => Promise<void>;

const add: Edit = (network, caller, pool, asked) =>
  updateSubnetPool(network, caller, pool, { prefixes: [...pool.prefixes, ...asked] });

const remove: Edit = async ({ db }, _caller, pool, asked) => {
  const prefixes = without(pool.prefixes, compact(asked));
  const ranges = asked.flatMap((text) => cidrOf(text) ?? []);
  const used = (await subnetRows.where(db, { subnetpoolId: pool.id })).find(({ cidr }) => {
    const own = cidrOf(cidr);
    return own && ranges.some((range) => overlap(range, own));
  });
  if (used || prefixes.length === 0)
    throw badRequest(
      `Illegal update to prefixes: ${used ? `subnet ${used.id} is from ${used.cidr}` : 'no prefix would be left'}.`,
      'IllegalSubnetPoolPrefixUpdate',
    );
  await subnetPools.rows.update(db, pool.id, { prefixes });
};

const changing =
  (edit: Edit, rule: string): Handler<Network, Body, 'id'> =>
  async (network, { caller, params, body, authorize }) => {
    const { rows } = subnetPools;
    const pool = await atomically(network, async (within) => {
      await rows.lock(within.db, params.id);
      const before = await rows.find(within.db, caller, params.id);
      authorize(rule, ownersOf(before));
      await edit(within, caller, before, body.prefixes);
      return (await rows.get(within.db, before.id)) ?? before;
    });
    return ok({ prefixes: pool.prefixes });
  };

export const addPrefixes = changing(add, 'add_prefixes');
export const removePrefixes = changing(remove, 'remove_prefixes');
