/** What the walk over the routes of volume needs: fresh volumes, snapshots, attachments and transfers of a project. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { startVolumes } from '../../e2e/volume-cloud.ts';
import { apis } from '../services.ts';
import type { Walk } from './walk.ts';

const api = apis.find(({ name }) => name === 'volume') as Walk['api'];

export async function volumeWalk(t: TestContext, policySettings: PolicySettings = {}) {
  const cloud = await startVolumes(t, {}, undefined, policySettings);
  const { db } = cloud;
  const { id: typeId } = await db('volumeTypes').first('id');
  const ask: Walk['ask'] = ({ method, path, version, body, persona: { project, roles } }) =>
    cloud.ask(method, path, { version, body, project, role: roles.join(',') });
  const common = (projectId: string) => ({ id: randomUUID(), projectId, createdAt: Date.now() });
  const volume = async (projectId: string, status = 'available') => {
    const row = { ...common(projectId), userId: 'u', name: 'x', sizeGb: 1, status, typeId, zone: 'nova' };
    const texts = { metadata: '{"k":"v"}', imageMetadata: '{"k":"v"}' };
    await db('volumes').insert({ ...row, ...texts, bootable: false, multiattach: false, readOnly: false });
    return { id: row.id };
  };
  const snapshot = async (projectId: string) => {
    const { id: volumeId } = await volume(projectId);
    const row = { ...common(projectId), userId: 'u', name: 'x', volumeId, typeId, sizeGb: 1, status: 'available' };
    await db('snapshots').insert({ ...row, progress: '100%', metadata: '{"k":"v"}' });
    return { id: row.id };
  };
  const attachment = async (projectId: string) => {
    const { id: volumeId } = await volume(projectId, 'reserved');
    const row = { ...common(projectId), volumeId, serverId: randomUUID(), status: 'reserved', mode: 'rw' };
    await db('attachments').insert({ ...row, chapUser: 'u', chapSecret: 's' });
    return { id: row.id };
  };
  const transfer = async (project: string) => {
    const { id: volumeId } = await volume(project, 'awaiting-transfer');
    const row = { ...common(project), volumeId, name: 'x', noSnapshots: false };
    await db('transfers').insert({ ...row, salt: 's', keyHash: 'h'.repeat(40) });
    return { id: row.id };
  };
  const message = async (projectId: string) => {
    const row = { ...common(projectId), resourceType: 'VOLUME', resourceId: randomUUID() };
    await db('messages').insert({ ...row, ...messageTexts });
    return { id: row.id };
  };
  return {
    volume,
    snapshot,
    api,
    ask,
    skip: /\/v3\/:projectId/,
    owned: [
      [/^post \/v3\/(snapshots|attachments|os-volume-transfer|volume-transfers)$/, ({ project }) => volume(project)],
      [/^\w+ \/v3\/volumes\/:id/, ({ project }) => volume(project)],
      [/^\w+ \/v3\/snapshots\/:id/, ({ project }) => snapshot(project)],
      [/^\w+ \/v3\/attachments\/:id/, ({ project }) => attachment(project)],
      [/^\w+ \/v3\/(os-volume-transfer|volume-transfers)\/:id$/, ({ project }) => transfer(project)],
      [/^\w+ \/v3\/messages\/:id/, ({ project }) => message(project)],
      [/^\w+ \/v3\/os-quota-sets\/:id/, async ({ project }) => ({ id: project })],
    ],
    needsHost: /^put \/v3\/attachments\/:id$/,
    params: { id: typeId, key: 'k' },
    bodies: (key: string, { id = '' }: Readonly<Record<string, string>>) => bodies(id)[key],
  } satisfies Walk & Record<string, unknown>;
}

const messageTexts = { requestId: 'req-1', eventId: 'VOLUME_VOLUME_001_001', userMessage: 'x' };
const connector = { initiator: 'iqn.2026-11.cloud.wattle:kvm1', host: 'kvm1' };
const meta = { meta: { k: 'w' } };
const bodies = (id: string): Readonly<Record<string, unknown>> => ({
  'post /v3/snapshots': { snapshot: { volume_id: id, name: 'y' } },
  'post /v3/attachments': { attachment: { volume_uuid: id, instance_uuid: randomUUID() } },
  'post /v3/os-volume-transfer': { transfer: { volume_id: id } },
  'post /v3/volume-transfers': { transfer: { volume_id: id } },
  'put /v3/volumes/:id': { volume: { name: 'y' } },
  'put /v3/snapshots/:id': { snapshot: { name: 'y' } },
  'post /v3/volumes/:id/action os-attach': { 'os-attach': { instance_uuid: randomUUID(), mountpoint: '/dev/vdb' } },
  'put /v3/volumes/:id/metadata/:key': meta,
  'put /v3/snapshots/:id/metadata/:key': meta,
  'put /v3/attachments/:id': { attachment: { connector } },
});
