/** What the walk over the routes of compute needs: fresh servers of a project, and valid bodies. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { imageId, launched, networkId, startCloud, until } from '../../fakes/compute-cloud.ts';
import { apis } from '../services.ts';
import type { Walk } from './walk.ts';

const api = apis.find(({ name }) => name === 'compute') as Walk['api'];

export async function computeWalk(t: TestContext, policySettings: PolicySettings = {}) {
  const plain = await startCloud(t, { bus: memoryBus() });
  plain.startHost();
  await until(() => plain.placement.providers.size === 1);
  const { id } = await launched(plain);
  const template = await plain.compute.db('servers').where({ id }).first();
  const cloud = await startCloud(t, { policySettings, config: { keyPairs: -1, instances: -1, cores: -1, ramMb: -1 } });
  const { db } = cloud.compute;
  const ask: Walk['ask'] = ({ method, path, version, body, persona: { project, roles, user } }) =>
    cloud.ask(method, path, { version, body, project, role: roles.join(','), user });
  const server = async (project: string, more: object = {}) => {
    const { sequence: _, ...row } = template;
    const made = { ...row, id: randomUUID(), projectId: project, tags: '["t"]', metadata: '{"k":"v"}', ...more };
    await db('servers').insert(made);
    const times = { startedAt: 1, updatedAt: 1, finishedAt: 1 };
    const action = { serverId: made.id, action: 'create', requestId: 'req-1', userId: 'u', projectId: project };
    await db('actions').insert({ ...action, ...times, event: 'compute__do_build_and_run_instance', result: 'Success' });
    return { id: made.id as string };
  };
  const group = async (projectId: string) => {
    const made = { id: randomUUID(), projectId, userId: 'u', name: 'g', policy: 'affinity', rules: '{}', createdAt: 1 };
    await db('server_groups').insert(made);
    return { id: made.id };
  };
  return {
    cloud,
    server,
    api,
    ask,
    owned: [
      [/^\w+ \/v2\.1\/servers\/:id/, ({ project }) => server(project)],
      [/^\w+ \/v2\.1\/os-server-groups\/:id/, ({ project }) => group(project)],
      [/^\w+ \/v2\.1\/os-(quota-sets|simple-tenant-usage)\/:id/, async ({ project }) => ({ id: project })],
    ],
    params: { id: '1', request: 'req-1', key: 'k', tag: 't', label: 'blue', migration: '1' },
    bodies: (key: string) => bodies()[key],
  } satisfies Walk & Record<string, unknown>;
}

const bodies = (): Readonly<Record<string, unknown>> => ({
  'post /v2.1/os-keypairs': { keypair: { name: randomUUID(), type: 'ssh', public_key: 'ssh-rsa AAAA' } },
  'post /v2.1/servers': { server: { name: 'x', flavorRef: '42', imageRef: imageId, networks: [{ uuid: networkId }] } },
  'post /v2.1/servers/:id/action os-migrateLive': { 'os-migrateLive': { host: null, block_migration: 'auto' } },
  'post /v2.1/servers/:id/migrations/:migration/action force_complete': { force_complete: null },
  'put /v2.1/servers/:id/metadata/:key': { meta: { k: 'w' } },
});
