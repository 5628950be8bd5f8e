/** What the walk over the routes of compute needs: fresh servers of a project, and valid bodies. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { memoryBus } from '#shared/bus/memory.ts';
import { imageId, launched, networkId, startCloud, until } from '../../fakes/compute-cloud.ts';
import { apis } from '../services.ts';
import type { Walk } from './walk.ts';

const api = apis.find(({ name }) => name === 'compute') as Walk['api'];

export async function computeWalk(t: TestContext, policySettings: PolicySettings = {}): Promise<Walk> {
  const plain = await startCloud(t, { bus: memoryBus() });
  plain.startHost();
  await until(() => plain.placement.providers.size === 1);
  const { id } = await launched(plain);
  const template = await plain.compute.db('servers').where({ id }).first();
  const cloud = await startCloud(t, { policySettings, config: { keyPairs: -1, instances: -1, cores: -1, ramMb: -1 } });
  const { db } = cloud.compute;
  const ask: Walk['ask'] = async ({ method, path, version, body, persona }) => {
    const { status } = await cloud.ask(method, path, {
      version,
      body,
      project: persona.project,
      role: persona.roles.join(','),
      user: persona.user,
    });
    return status;
  };
  const server = async (project: string) => {
    const { sequence: _, ...row } = template;
    const made = { ...row, id: randomUUID(), projectId: project, tags: '["t"]', metadata: '{"k":"v"}' };
    await db('servers').insert(made);
    return { id: made.id as string };
  };
  return {
    api,
    ask,
    owned: [
      [/^\w+ \/v2\.1\/servers\/:id/, ({ project }) => server(project)],
      [/^\w+ \/v2\.1\/os-(quota-sets|simple-tenant-usage)\/:id/, async ({ project }) => ({ id: project })],
    ],
    params: { id: '1', key: 'k', tag: 't', label: 'blue' },
    bodies: (key) => bodies()[key],
  };
}

const bodies = (): Readonly<Record<string, unknown>> => ({
  'post /v2.1/os-keypairs': { keypair: { name: randomUUID(), type: 'ssh', public_key: 'ssh-rsa AAAA' } },
  'post /v2.1/servers': { server: { name: 'x', flavorRef: '42', imageRef: imageId, networks: [{ uuid: networkId }] } },
  'put /v2.1/servers/:id/metadata/:key': { meta: { k: 'w' } },
});
