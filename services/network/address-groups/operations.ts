import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { canonical, cidrOf, cidrText, versionOf } from '#shared/net/addresses.ts';
import type { Network } from '../context.ts';
import { markGroupsDirty } from '../ports/mark-dirty.ts';
import { reserve } from '../quotas/quotas.ts';
import { freshRow, missing } from '../resources/values.ts';
import { ruleRows } from '../security-groups/resource.ts';
import { deletePoliciesOf } from '../sharing/store.ts';
import { type AddressGroup, type AddressGroupChange, addressGroups, type NewAddressGroup } from './resource.ts';

const { rows } = addressGroups;

export async function createAddressGroup(
  network: Network,
  _caller: Caller,
  input: NewAddressGroup,
  projectId: string,
): Promise<AddressGroup> {
  await reserve(network, projectId, 'address_group');
  const group: AddressGroup = { ...freshRow(projectId, input), ...input, addresses: rangesOf(input.addresses ?? []) };
  await rows.insert(network.db, group);
  return group;
}

/** Single addresses become ranges with their full length. */
function rangesOf(addresses: readonly string[]): string[] {
  const ranges = addresses.map((text) => {
    const range = cidrOf(text);
    if (!range)
      throw badRequest(
        `Invalid input for addresses. Reason: '${text}' is not a valid IP address or CIDR.`,
        'InvalidInput',
      );
    if (text.includes('/')) return cidrText(range);
    return `${canonical(text)}/${versionOf(text) === 6 ? 128 : 32}`;
  });
  return [...new Set(ranges)];
}

export async function updateAddressGroup(
  { db }: Network,
  _caller: Caller,
  { id }: AddressGroup,
  input: AddressGroupChange,
): Promise<void> {
  await rows.update(db, id, input);
}

export async function removeAddressGroup({ db }: Network, _caller: Caller, { id }: AddressGroup): Promise<void> {
  if ((await ruleRows.countOf(db, { remoteAddressGroupId: id })) > 0)
    throw conflict(`Address group ${id} is in use on one or more security group rules.`, 'AddressGroupInUse');
  await deletePoliciesOf(db, id);
  await rows.remove(db, id);
}

export async function addAddresses(network: Network, before: AddressGroup, input: readonly string[]): Promise<void> {
  const asked = rangesOf(input);
  const known = asked.filter((range) => before.addresses.includes(range));
  if (known.length > 0)
    throw conflict(
      `Addresses ${known.join(', ')} already exist in the address group ${before.id}.`,
      'AddressesAlreadyExist',
    );
  await putAddresses(network, before, [...before.addresses, ...asked]);
}

export async function removeAddresses(network: Network, before: AddressGroup, input: readonly string[]): Promise<void> {
  const asked = rangesOf(input);
  const unknown = asked.filter((range) => !before.addresses.includes(range));
  if (unknown.length > 0)
    throw missing('AddressesNotFound', `Addresses ${unknown.join(', ')} not found in the address group ${before.id}.`);
  const left = before.addresses.filter((range) => !asked.includes(range));
  await putAddresses(network, before, left);
}

/** Hosts have the group as members of a set, as those of a security group. */
async function putAddresses(network: Network, { id }: AddressGroup, addresses: readonly string[]): Promise<void> {
  await rows.update(network.db, id, { addresses });
  await markGroupsDirty(network, [id]);
}
