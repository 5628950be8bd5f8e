import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { cidrOf, overlap } from '#shared/net/addresses.ts';
import type { Network } from '../context.ts';
import { hasGlobalAccess } from '../policy.ts';
import { freshRow } from '../resources/values.ts';
import { deletePoliciesOf, ensureSharedWithAll } from '../sharing/store.ts';
import { type SubnetPool, subnetPools } from '../subnet-pools/resource.ts';
import { type AddressScope, type AddressScopeChange, addressScopes, type NewAddressScope } from './resource.ts';

export async function createAddressScope({ db }: Network, _caller: Caller, input: NewAddressScope, projectId: string) {
  const scope: AddressScope = { ...freshRow(projectId, input), ...input };
  await addressScopes.rows.insert(db, scope);
  if (scope.shared) await ensureSharedWithAll(db, scope, 'address_scope');
  return scope;
}

/** Others may have pools in a shared scope, so it stays shared. */
export async function updateAddressScope(
  { db }: Network,
  _caller: Caller,
  scope: AddressScope,
  input: AddressScopeChange,
): Promise<void> {
  const { id, shared } = scope;
  if (shared && input.shared === false)
    throw badRequest(
      `Unable to update address scope ${id} : Shared address scope can't be unshared.`,
      'AddressScopeUpdateError',
    );
  await addressScopes.rows.update(db, id, input);
  if (input.shared) await ensureSharedWithAll(db, scope, 'address_scope');
}

export async function removeAddressScope({ db }: Network, _caller: Caller, { id }: AddressScope): Promise<void> {
  if ((await subnetPools.rows.countOf(db, { addressScopeId: id })) > 0)
    throw conflict(
      `Unable to complete operation on address scope ${id}. There are one or more subnet pools in use on the address scope.`,
      'AddressScopeInUse',
    );
  await deletePoliciesOf(db, id);
  await addressScopes.rows.remove(db, id);
}

/** The pool must have the addresses of the scope's version, and none that another pool of the scope has. */
export async function refuseOutsideScope(network: Network, caller: Caller, pool: SubnetPool): Promise<void> {
  const { db } = network;
  if (pool.addressScopeId === null) return;
  await addressScopes.rows.lock(db, pool.addressScopeId);
  const scope = await addressScopes.rows.find(db, caller, pool.addressScopeId);
  if (scope.ipVersion !== pool.ipVersion)
    throw badRequest(
      `Illegal subnetpool association: subnetpool ${pool.id} cannot associate with address scope ${scope.id} because subnetpool ip_version is not ${scope.ipVersion}.`,
      'IllegalSubnetPoolIpVersionAssociationToAddressScope',
    );
  const others = (await subnetPools.rows.where(db, { addressScopeId: scope.id })).filter(({ id }) => id !== pool.id);
  const taken = rangesOf(others.flatMap(({ prefixes }) => prefixes));
  if (rangesOf(pool.prefixes).some((range) => taken.some((each) => overlap(range, each))))
    throw conflict(
      'Failed to associate address scope: subnetpools within an address scope must have unique prefixes.',
      'AddressScopePrefixConflict',
    );
}

const rangesOf = (texts: readonly string[]) => texts.flatMap((text) => cidrOf(text) ?? []);

/** A pool in a shared scope of another project is changed by admins only. */
export async function refuseForeignScope({ db }: Network, caller: Caller, pool: SubnetPool): Promise<void> {
  const scope = pool.addressScopeId === null ? undefined : await addressScopes.rows.get(db, pool.addressScopeId);
  if (!scope || scope.projectId === caller.projectId || hasGlobalAccess(caller)) return;
  throw badRequest(
    `Illegal subnetpool update : subnetpool ${pool.id} cannot be updated when associated with shared address scope ${scope.id}.`,
    'IllegalSubnetPoolUpdate',
  );
}
