import { randomBytes, randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { atLeast, type Version } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Limits } from '#shared/resource/quota.ts';
import { enqueue } from '#shared/workflow/tasks.ts';
import { defaultZone, zonesOf } from '../aggregates/store.ts';
import { attachmentTable } from '../attachments/store.ts';
import { type Compute, tasksWait } from '../context.ts';
import type { Flavor } from '../flavors/resource.ts';
import { findFlavor } from '../flavors/store.ts';
import { findHost } from '../hosts/store.ts';
import { beginAction } from '../instance-actions/store.ts';
import { interfaceTable } from '../interfaces/store.ts';
import { getKeypair } from '../keypairs/store.ts';
import { computeQuotas, fittingServers } from '../quotas/operations.ts';
import { requestedGroup } from '../server-groups/operations.ts';
import { isTrue } from '../values.ts';
import { buildServer } from '../workflows/build-server.ts';
import { checkFlavorRequirements } from '../workflows/flavor-requirements.ts';
import { checkHints } from '../workflows/scheduler/hints.ts';
import type { ServerBody } from './input.ts';
import { type LaunchSpec, newDisk, newNic, newServer } from './new-server.ts';
import { referencesOf } from './references.ts';
import { type RequestedDisks, requestedDisks } from './requested-disks.ts';
import { type RequestedNic, requestedGroups, requestedNics } from './requested-networks.ts';
import { insertServer, type NewServer } from './store.ts';

/** Checks of rules beyond the right to launch. */
interface LaunchPermissions {
  readonly version: Version;
  may(rule: string): boolean;
  authorize(rule: string): void;
}

interface Launched {
  readonly reservationId: string;
  readonly servers: readonly NewServer[];
  readonly adminPass: string;
  readonly groupNames: readonly string[];
}

type Hints = Readonly<Record<string, unknown>>;

/** Checks the request with the caller's token, then inserts servers and tasks in one transaction. */
export async function launchServers(
  compute: Compute,
  caller: Caller,
  input: ServerBody,
  hints: Hints,
  permits: LaunchPermissions,
): Promise<Launched> {
  const flavor = await requestedFlavor(compute, caller, input);
  const count = countOf(input);
  checkHints(hints);
  const names = (input.security_groups ?? []).map(({ name }) => name);
  const references = referencesOf(compute, caller);
  const mayUseExternal = () => permits.may('network:attach_external_network');
  const context = { caller, references, mayUseExternal, namesGroups: names.some((name) => name !== 'default') };
  const [disks, nics, groups, key, destination] = await Promise.all([
    requestedDisks(references, {
      imageRef: input.imageRef,
      mappings: (input.block_device_mapping_v2 ?? []).filter(({ no_device }) => !isTrue(no_device ?? false)),
      flavor,
      multiattach: atLeast(permits.version, '2.60'),
    }),
    requestedNics(context, input.networks),
    requestedGroups(context, names),
    requestedKey(compute, caller, input.key_name),
    requestedDestination(compute, input, permits),
  ]);
  checkCombination(input, flavor, disks, nics, count.max, permits);
  const adminPass = input.adminPass ?? randomBytes(9).toString('base64url');
  const reservationId = `r-${randomBytes(5).toString('hex').slice(0, 8)}`;
  const common = { input, hints, flavor, disks, nics, groups: groups.ids, key, destination, reservationId };
  const servers = await compute.db.transaction((tx) => insertServers(tx, compute, caller, common, count, adminPass));
  compute.bus.notify(tasksWait);
  return { reservationId, servers, adminPass, groupNames: groups.names };
}

/** Must run in a transaction: servers, their disks and NICs, and their tasks. */
async function insertServers(
  tx: Knex,
  { config, seal }: Compute,
  caller: Caller,
  common: LaunchSpec,
  count: { readonly min: number; readonly max: number },
  adminPass: string,
): Promise<NewServer[]> {
  const projectId = caller.projectId ?? '';
  const limited = { db: tx, config };
  await computeQuotas.lock(limited, projectId);
  checkMetadata(common.input.metadata ?? {}, await computeQuotas.limits(limited, projectId));
  const fitting = await fittingServers(limited, projectId, count, common.flavor);
  const groupId = await requestedGroup(limited, projectId, common.hints, fitting);
  const servers: NewServer[] = [];
  for (let index = 0; index < fitting; index += 1) {
    const serverId = randomUUID();
    const taskId = await enqueue(tx, buildServer, { serverId, adminPass: seal.seal(adminPass) }, caller.requestId);
    const server = newServer(caller, common, { serverId, taskId, groupId, index, count: count.max });
    await insertServer(tx, server);
    for (const [place, disk] of common.disks.disks.entries())
      await attachmentTable.insert(tx, newDisk(serverId, place, disk));
    for (const [place, nic] of common.nics.entries()) await interfaceTable.insert(tx, newNic(serverId, place, nic));
    await beginAction(tx, caller, { serverId, action: 'create', taskId, event: 'compute__do_build_and_run_instance' });
    servers.push(server);
  }
  return servers;
}

async function requestedFlavor({ db }: Compute, caller: Caller, { flavorRef }: ServerBody): Promise<Flavor> {
  const id = String(flavorRef).split('/').at(-1) ?? '';
  return findFlavor(db, caller, id).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest(`Flavor ${id} could not be found.`);
    throw error;
  });
}

function countOf({ min_count, max_count }: ServerBody): { min: number; max: number } {
  const min = Number(min_count ?? 1);
  const max = Number(max_count ?? min);
  if (min > max) throw badRequest('min_count must be <= max_count');
  return { min, max };
}

async function requestedKey({ db }: Compute, caller: Caller, name: string | undefined) {
  if (name === undefined) return null;
  const { publicKey } = await getKeypair(db, caller.userId, name).catch((error: unknown) => {
    if (error instanceof Fault && error.status === 404) throw badRequest('Invalid key_name provided.');
    throw error;
  });
  return { name, data: publicKey };
}

/** `zone`, or `zone:host` from an administrator, or the parameter `host`. */
async function requestedDestination({ db }: Compute, input: ServerBody, permits: LaunchPermissions) {
  const { availability_zone, host = input.hypervisor_hostname } = input;
  if (host !== undefined) permits.authorize('compute:servers:create:requested_destination');
  const [zone, forced] = availability_zone?.split(':') ?? [];
  if (forced) permits.authorize('os_compute_api:servers:create:forced_host');
  const hostName = forced || host;
  if (hostName && !(await findHost(db, hostName))) throw badRequest(`Compute host ${hostName} could not be found.`);
  if (zone && zone !== defaultZone && ![...(await zonesOf(db)).values()].includes(zone))
    throw badRequest('The requested availability zone is not available');
  return { zone: forced ? null : zone || null, host: hostName || null };
}

function checkCombination(
  input: ServerBody,
  flavor: Flavor,
  { disks, image }: RequestedDisks,
  nics: readonly RequestedNic[],
  max: number,
  permits: LaunchPermissions,
): void {
  if (flavor.disabled) throw badRequest(`Flavor ${flavor.id} could not be found.`);
  checkFlavorRequirements(flavor);
  if (image !== null && flavor.diskGb === 0 && !permits.may('os_compute_api:servers:create:zero_disk_flavor'))
    throw new Fault(403, 'forbidden', 'Only volume-backed servers are allowed for flavors with zero disk.');
  if (max > 1 && nics.some(({ portId, fixedIp }) => portId !== null || fixedIp !== null))
    throw badRequest('Unable to launch multiple instances with a single configured port ID or fixed IP.');
  if (max > 1 && disks.some(({ volumeId }) => volumeId !== null))
    throw badRequest('Cannot attach one or more volumes to multiple instances');
  checkUserData(input);
}

function checkUserData({ user_data, personality = [] }: ServerBody): void {
  if (user_data && user_data.length > 65_535)
    throw badRequest('User data too large. User data must be no larger than 65535 bytes once base64 encoded.');
  if (user_data && !isBase64(user_data.replace(/\s/g, '')))
    throw badRequest('Invalid input for field/attribute user_data. It is not encoded in base64.');
  if (personality.length > 0)
    throw badRequest('Files of personality are not supported: send them as user_data instead.');
}

const isBase64 = (text: string) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

export function checkMetadata(
  metadata: Readonly<Record<string, string>>,
  { metadata_items: limit = -1 }: Limits,
): void {
  const count = Object.keys(metadata).length;
  if (limit >= 0 && count > limit)
    throw new Fault(403, 'forbidden', `Maximum number of metadata items exceeds ${limit}`);
}

/** From 2.37 on `networks` is required. */
export function requireNetworks(input: ServerBody, version: Version): void {
  if (atLeast(version, '2.37') && input.networks === undefined) throw badRequest("'networks' is a required property");
}
