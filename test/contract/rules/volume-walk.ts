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
  const insert = async (table: string, row: object) => {
    const id = randomUUID();
    await db(table).insert({ id, createdAt: Date.now(), ...row });
    return { id };
  };
  const named = () => ({ name: randomUUID(), createdAt: Date.now() });
  const groupType = () => insert('groupTypes', { ...named(), isPublic: true, extraSpecs: '{"k":"v"}' });
  await insert('groupTypes', { ...named(), name: 'of the walk', isPublic: true, extraSpecs: '{}' });
  const encryptedType = async () => {
    const type = await insert('volumeTypes', { ...named(), isPublic: true, extraSpecs: '{}' });
    const encryption = { typeId: type.id, provider: 'luks', controlLocation: 'front-end' };
    await insert('typeEncryptions', encryption);
    return { ...type, key: 'provider' };
  };
  const qos = () => insert('qosSpecs', { ...named(), consumer: 'both', specs: '{"k":"v"}' });
  const group = async (projectId: string) => {
    const row = { projectId, userId: 'u', typeIds: JSON.stringify([typeId]), zone: 'nova', status: 'available' };
    return insert('volumeGroups', { ...row, groupTypeId: (await groupType()).id });
  };
  const groupSnapshot = async (projectId: string) => {
    const { id: groupId } = await group(projectId);
    return insert('groupSnapshots', { projectId, userId: 'u', groupId, groupTypeId: 'g', status: 'available' });
  };
  const backup = async (projectId: string, status = 'available') => {
    const texts = { metadata: '{}', ofVolume: '{"bootable":false,"imageMetadata":null}', container: 'saved' };
    const row = { projectId, userId: 'u', volumeId: randomUUID(), storedAs: randomUUID(), status, dataAt: Date.now() };
    return insert('backups', { ...texts, ...row, sizeGb: 1, objectCount: 1 });
  };
  const defaultType = async () => {
    await db('defaultTypes').insert({ projectId: 'blue', typeId }).onConflict('projectId').merge();
    return { id: 'blue' };
  };
  return {
    volume,
    snapshot,
    api,
    ask,
    skip: /\/v3\/:projectId/,
    owned: [
      [/^post \/v3\/(snapshots|attachments|os-volume-transfer|volume-transfers)$/, ({ project }) => volume(project)],
      [
        /^\w+ \/v3\/volumes\/:id\/encryption\/:key/,
        async ({ project }) => ({ ...(await volume(project)), key: 'encryption_key_id' }),
      ],
      [/^\w+ \/v3\/volumes\/:id/, ({ project }) => volume(project)],
      [/^\w+ \/v3\/snapshots\/:id/, ({ project }) => snapshot(project)],
      [/^\w+ \/v3\/attachments\/:id/, ({ project }) => attachment(project)],
      [/^\w+ \/v3\/(os-volume-transfer|volume-transfers)\/:id$/, ({ project }) => transfer(project)],
      [/^post \/v3\/backups$/, ({ project }) => volume(project)],
      [/^\w+ \/v3\/backups\/:id/, ({ project }) => backup(project)],
      [/^post \/v3\/group_snapshots$/, ({ project }) => group(project)],
      [/^\w+ \/v3\/groups\/:id/, ({ project }) => group(project)],
      [/^\w+ \/v3\/group_snapshots\/:id/, ({ project }) => groupSnapshot(project)],
      [/^\w+ \/v3\/group_types\/:id/, groupType],
      [/^\w+ \/v3\/types\/:id\/encryption\/:key/, encryptedType],
      [
        /^\w+ \/v3\/qos-specs\/:id\/(dis)?associate$/,
        async () => ({ ...(await qos()), query: `?vol_type_id=${typeId}` }),
      ],
      [/^\w+ \/v3\/qos-specs\/:id/, qos],
      [/^\w+ \/v3\/default-types\/:id/, defaultType],
      [/^\w+ \/v3\/messages\/:id/, ({ project }) => message(project)],
      [/^\w+ \/v3\/os-quota-sets\/:id/, async ({ project }) => ({ id: project })],
    ],
    needsHost: /^(put \/v3\/attachments\/:id|post \/v3\/(backups|volumes\/:id\/action os-initialize_connection))$/,
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
  'post /v3/backups': { backup: { volume_id: id } },
  'put /v3/backups/:id': { backup: { name: 'y' } },
  'post /v3/backups/:id/restore': { restore: { name: 'y' } },
  'post /v3/group_snapshots': { group_snapshot: { group_id: id, name: 'y' } },
  'post /v3/groups': { group: { group_type: 'of the walk', volume_types: ['__DEFAULT__'] } },
  'put /v3/default-types/:id': { default_type: { volume_type: '__DEFAULT__' } },
  'put /v3/qos-specs/:id/delete_keys': { keys: ['k'] },
  'put /v3/group_types/:id/group_specs/:key': { k: 'w' },
  'put /v3/volumes/:id': { volume: { name: 'y' } },
  'put /v3/snapshots/:id': { snapshot: { name: 'y' } },
  'post /v3/volumes/:id/action os-initialize_connection': { 'os-initialize_connection': { connector } },
  'post /v3/volumes/:id/action os-terminate_connection': { 'os-terminate_connection': { connector } },
  'post /v3/volumes/:id/action os-attach': { 'os-attach': { instance_uuid: randomUUID(), mountpoint: '/dev/vdb' } },
  'put /v3/volumes/:id/metadata/:key': meta,
  'put /v3/snapshots/:id/metadata/:key': meta,
  'put /v3/attachments/:id': { attachment: { connector } },
});
