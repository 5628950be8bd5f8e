/** Checks of the body of a port against the rows. */
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { canonical, cidrOf, cidrText } from '#shared/net/addresses.ts';
import type { Network } from '../context.ts';
import { hasGlobalAccess } from '../policy.ts';
import { invalidInput } from '../resources/values.ts';
import { routerRows } from '../routers/resource.ts';
import { defaultGroup } from '../security-groups/default-group.ts';
import { groupRows } from '../security-groups/resource.ts';
import { type AddressPair, type Port, type PortChange, portRows } from './resource.ts';

/** The groups of a port: the requested ones, or its project's default group; none without port security. */
export async function groupsFor(
  network: Network,
  caller: Caller,
  requested: readonly string[] | null | undefined,
  { portSecurityEnabled, deviceOwner, projectId }: Pick<Port, 'portSecurityEnabled' | 'deviceOwner' | 'projectId'>,
): Promise<string[]> {
  if (requested && requested.length > 0 && !portSecurityEnabled)
    throw badRequest(
      'Port security must be enabled and port must have an IP address in order to use security groups.',
      'PortSecurityAndIPRequiredForSecurityGroups',
    );
  if (requested) return requireGroups(network, caller, requested);
  if (!portSecurityEnabled || deviceOwner.startsWith('network:') || projectId === '') return [];
  return [await defaultGroup(network, projectId)];
}

async function requireGroups({ db }: Network, caller: Caller, ids: readonly string[]): Promise<string[]> {
  const duplicate = ids.find((id, at) => ids.indexOf(id) < at);
  if (duplicate !== undefined)
    throw badRequest(
      `Invalid input for security_groups. Reason: Duplicate items in the list: '${duplicate}'.`,
      'HTTPBadRequest',
    );
  const groups = await Promise.all(ids.map((id) => groupRows.find(db, caller, id)));
  if (new Set(groups.map(({ stateful }) => stateful)).size > 1)
    throw conflict(
      'Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.',
      'SecurityGroupConflict',
    );
  return [...ids];
}

/** A pair without a MAC has the port's own. */
export function pairsFor(input: readonly Partial<AddressPair>[], mac: string, guarded: boolean): AddressPair[] {
  const pairs = input.map(({ ip_address, mac_address = mac }) => {
    if (ip_address === undefined)
      throw badRequest('AllowedAddressPair must contain ip_address', 'AllowedAddressPairsMissingIP');
    const range = cidrOf(ip_address);
    if (!range) throw invalidInput(`'${ip_address}' is neither a valid IP address, nor is it a valid IP subnet`);
    const address = ip_address.includes('/') ? cidrText(range) : (canonical(ip_address) ?? ip_address);
    return { ip_address: address, mac_address: mac_address.toLowerCase() };
  });
  const keys = pairs.map(({ ip_address, mac_address }) => `${ip_address} ${mac_address}`);
  if (new Set(keys).size < keys.length) throw invalidInput('Request contains duplicate address pair');
  if (pairs.length > 0 && !guarded)
    throw conflict(
      'Port Security must be enabled in order to have allowed address pairs on a port.',
      'AddressPairAndPortSecurityRequired',
    );
  return pairs;
}

const internalOwners = /^network:(router_interface|router_gateway|floatingip|dhcp)/;

/**
 * The device of a port decides which router it is an interface of, which server it is shown with, and whose metadata its
 * address gets. Only admins and services may change the device of a bound port, or name a device of another project.
 */
export async function refuseForeignDevice(
  { db }: Network,
  caller: Caller,
  input: PortChange,
  before?: Port,
): Promise<void> {
  if (hasGlobalAccess(caller)) return;
  const { deviceOwner = '', deviceId = '' } = { ...before, ...input };
  if (before && before.deviceId === deviceId && before.deviceOwner === deviceOwner) return;
  const internal = internalOwners.test(deviceOwner) || internalOwners.test(before?.deviceOwner ?? '');
  if (internal || (await isForeignDevice(db, deviceId, caller.projectId)))
    throw conflict(
      `The following device_id ${deviceId} is not owned by your tenant or matches another tenants router.`,
      'DeviceIDNotOwnedByTenant',
    );
  if (before && before.bindingHost !== '')
    throw conflict(
      `Unable to complete operation on port ${before.id} for network ${before.networkId}. Port already has an attached device ${before.deviceId}.`,
      'PortInUse',
    );
}

/** True for a router of another project, or a server with a bound port of another project. */
async function isForeignDevice(db: Network['db'], deviceId: string, projectId: string | null): Promise<boolean> {
  if (deviceId === '') return false;
  const router = await routerRows.get(db, deviceId);
  if (router) return router.projectId !== projectId;
  const bound = (await portRows.where(db, { deviceId })).filter(
    ({ deviceOwner, bindingHost }) => deviceOwner.startsWith('compute:') && bindingHost !== '',
  );
  return bound.some((port) => port.projectId !== projectId);
}
