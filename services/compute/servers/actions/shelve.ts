import { atLeast } from '#shared/api/versions.ts';
import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { zonesOf } from '../../aggregates/store.ts';
import type { Compute } from '../../context.ts';
import { findHost } from '../../hosts/store.ts';
import { offloadServer, shelveServer } from '../../workflows/shelve-server.ts';
import { startShelvedServer, unshelveServer } from '../../workflows/unshelve-server.ts';
import { nothing, serverAction } from '../action.ts';
import { beginTask } from '../begin-task.ts';
import { powerOf, type ServerTransition } from '../states.ts';
import type { Server, ServerChange } from '../store.ts';
import { newImage } from './create-image.ts';

const shelving: ServerTransition = {
  name: 'shelve',
  from: { vmState: ['active', 'stopped', 'paused', 'suspended'] },
  meanwhile: { taskState: 'shelving' },
};
const offloading: ServerTransition = {
  name: 'shelve_offload',
  from: { vmState: ['shelved'] },
  meanwhile: { taskState: 'shelving_offloading' },
};
const unshelving = (vmState: 'shelved' | 'shelved_offloaded'): ServerTransition => ({
  name: 'unshelve',
  from: { vmState: [vmState] },
  meanwhile: { taskState: 'unshelving' },
});

export const shelve = serverAction({
  key: 'shelve',
  rule: 'os-shelve:shelve',
  input: nothing,
  act: (compute, { caller }, server) => beginShelve(compute, caller, server),
});

/** The root disk goes to an image `<name>-shelved`; without a time to wait the host is free afterwards. */
export async function beginShelve(compute: Compute, caller: Caller, server: Server): Promise<void> {
  const { images, config } = compute;
  const { id: serverId, name, image, vmState, taskState } = server;
  if (!shelving.from.vmState?.includes(vmState) || taskState !== null) return beginWith(null); // refused there
  if (image === null) return beginWith(null);
  const made = await images.create(newImage(caller, server, { name: `${name}-shelved` }), caller.token);
  await beginWith(made.id).catch(async (error: unknown) => {
    await images.remove(made.id);
    throw error;
  });

  function beginWith(imageId: string | null): Promise<void> {
    return beginTask(compute, caller, server, {
      transitions: [shelving],
      workflow: shelveServer,
      params: () => ({ serverId, power: powerOf(server), imageId, offloads: image === null || config.offloadMs === 0 }),
      action: 'shelve',
    });
  }
}

export const shelveOffload = serverAction({
  key: 'shelveOffload',
  rule: 'os-shelve:shelve_offload',
  input: nothing,
  act: (compute, { caller }, server) => beginOffload(compute, caller, server),
});

export const beginOffload = (
  compute: Compute,
  caller: Pick<Caller, 'userId' | 'projectId' | 'requestId'>,
  server: Pick<Server, 'id' | 'host'>,
) =>
  beginTask(compute, caller, server, {
    transitions: [offloading],
    workflow: offloadServer,
    params: () => ({ serverId: server.id }),
    action: 'shelveOffload',
    event: 'compute_shelve_offload_instance',
  });

type UnshelveInput = { readonly availability_zone?: string | null; readonly host?: string } | null;

/** To a zone (2.77) or a host (2.91) that the caller names: only a server that has no host can choose. */
export const unshelve = serverAction<UnshelveInput>({
  key: 'unshelve',
  rule: 'os-shelve:unshelve',
  input: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: {
      availability_zone: {
        type: ['string', 'null'],
        minLength: 1,
        maxLength: 255,
        'x-openstack': { 'min-ver': '2.77' },
      },
      host: { type: 'string', minLength: 1, maxLength: 255, 'x-openstack': { 'min-ver': '2.91' } },
    },
  },
  act: async (compute, { caller, version, authorize }, server, input) => {
    const { availability_zone: zone, host } = input ?? {};
    if (zone === null && !atLeast(version, '2.91')) throw badRequest('availability_zone: None is not of type string');
    if (host !== undefined) authorize('os_compute_api:os-shelve:unshelve_to_host', { project_id: server.projectId });
    if ((zone !== undefined || host !== undefined) && server.vmState === 'shelved')
      throw conflict(
        `Instance ${server.id} is not offloaded: an availability zone or a host can be chosen only in state SHELVED_OFFLOADED.`,
      );
    await beginUnshelve(compute, caller, server, await destinationOf(compute, zone, host));
  },
});

async function destinationOf({ db }: Compute, zone: string | null | undefined, host: string | undefined) {
  if (host !== undefined && !(await findHost(db, host))) throw badRequest(`Compute host ${host} could not be found.`);
  const zones = await zonesOf(db);
  if (typeof zone === 'string' && zone !== 'nova' && ![...zones.values()].includes(zone))
    throw badRequest('The requested availability zone is not available');
  return {
    ...(zone === undefined ? {} : { wantedZone: zone }),
    ...(host === undefined ? {} : { wantedHost: host }),
  };
}

export const beginUnshelve = (compute: Compute, caller: Caller, server: Server, change: ServerChange = {}) =>
  beginTask(compute, caller, server, {
    transitions: [unshelving(server.vmState === 'shelved' ? 'shelved' : 'shelved_offloaded')],
    workflow: server.vmState === 'shelved' ? startShelvedServer : unshelveServer,
    params: () => ({ serverId: server.id, shelvedImageId: server.shelvedImageId }),
    change: () => change,
    action: 'unshelve',
    withoutHost: true,
  });
