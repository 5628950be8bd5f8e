/** CHAP secrets of attachments, and attachments that name servers of others. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { rowsHolding } from '../fakes/planted.ts';
import { type Asked, startVolumes, until, waitForHosts } from './volume-cloud.ts';

async function cloudWithVolume(t: TestContext, driver: object = {}) {
  const cloud = await startVolumes(t);
  cloud.startHost(driver);
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  return { cloud, id };
}

const at = '3.54';
const service: Asked = { role: 'admin,service', project: 'service-project', version: at };
const member: Asked = { role: 'member,reader', version: at };
const reader: Asked = { role: 'reader', version: at };

test('OSSN-0085: the CHAP secret of an attachment is returned to the caller that connects it and to services, never by a plain GET', async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const connected = (await cloud.connect(attachment.id)).body.attachment.connection_info;
  assert.ok(connected.auth_password.length >= 16);
  const paths = [`/v3/attachments/${attachment.id}`, '/v3/attachments/detail', '/v3/attachments'];
  for (const asked of [reader, member])
    for (const path of paths) {
      const { status, body } = await cloud.ask('GET', path, asked);
      const text = JSON.stringify(body);
      assert.equal(status, 200);
      assert.ok(text.includes(attachment.id) && !text.includes(connected.auth_password), `${asked.role} ${path}`);
      assert.ok(!text.includes(connected.auth_username), path);
    }
  const shown = (await cloud.ask('GET', paths[0] ?? '', service)).body.attachment;
  assert.equal(shown.connection_info.auth_password, connected.auth_password);
  const byToken = (await cloud.ask('GET', paths[0] ?? '', { ...member, service: true })).body.attachment;
  assert.equal(byToken.connection_info.auth_password, connected.auth_password);
  assert.equal((await cloud.ask('PUT', paths[0] ?? '', { ...reader, body: {} })).status, 403);
  const foreign = await cloud.ask('GET', paths[0] ?? '', { ...member, project: 'another' });
  assert.equal(foreign.status, 404);
});

test('OSSN-0085, OSSA-2014-036: no row contains the CHAP secret of an attachment in clear, and the host receives it', async (t) => {
  const grants: { secret: string }[] = [];
  const { cloud, id } = await cloudWithVolume(t, {
    ensureGrant: async (spec: { secret: string }) => {
      grants.push(spec);
      return { portal: '127.0.0.1:3260', iqn: 'iqn.2010-10.org.openstack:volume-x', lun: 1 };
    },
  });
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const { auth_password } = (await cloud.connect(attachment.id)).body.attachment.connection_info;
  assert.deepEqual([grants.length, grants[0]?.secret], [1, auth_password]);
  assert.deepEqual(await rowsHolding(cloud.db, [auth_password]), []);
});

test("an attachment that a user creates with another user's server is not listed for compute", async (t) => {
  const { cloud, id } = await cloudWithVolume(t);
  const { id: other } = await cloud.createAndWait();
  const serverId = randomUUID();
  const body = { attachment: { volume_uuid: other, instance_uuid: serverId } };
  const mallory = await cloud.ask('POST', '/v3/attachments', { ...member, body });
  assert.equal(mallory.status, 200);
  await cloud.act(other, { 'os-reset_status': { status: 'available' } });
  await cloud.act(other, { 'os-attach': { instance_uuid: serverId, mountpoint: '/dev/vdb' } }, member);
  const made = await cloud.ask('POST', '/v3/attachments', {
    ...service,
    body: { attachment: { volume_uuid: id, instance_uuid: serverId } },
  });
  const seenBy = async (asked: Asked, more = '') => {
    const path = `/v3/attachments/detail?all_tenants=1&instance_id=${serverId}${more}`;
    return (await cloud.ask('GET', path, asked)).body.attachments.map((each: { id: string }) => each.id);
  };
  assert.deepEqual(await seenBy(service), [made.body.attachment.id]);
  assert.deepEqual(await seenBy(service, `&volume_id=${other}`), []);
  assert.equal((await seenBy(member)).length, 3);
});

test('a read-only volume is connected read-only, whatever mode the connector requests', async (t) => {
  const grants: { readOnly: boolean }[] = [];
  const { cloud, id } = await cloudWithVolume(t, {
    ensureGrant: async (spec: { readOnly: boolean }) => {
      grants.push(spec);
      return { portal: '127.0.0.1:3260', iqn: 'iqn.2010-10.org.openstack:volume-x', lun: 1 };
    },
  });
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  await cloud.act(id, { 'os-update_readonly_flag': { readonly: true } });
  const connector = { initiator: 'iqn.2026-11.cloud.wattle:kvm1', host: 'kvm1', mode: 'rw' };
  const update = { version: at, body: { attachment: { connector } } };
  const { attach_mode, connection_info } = (await cloud.ask('PUT', `/v3/attachments/${attachment.id}`, update)).body
    .attachment;
  assert.deepEqual([attach_mode, connection_info.access_mode, grants[0]?.readOnly], ['ro', 'ro', true]);
});

test('a concurrent delete and reserve of a volume: exactly one succeeds', async (t) => {
  const { cloud } = await cloudWithVolume(t);
  for (let round = 0; round < 5; round += 1) {
    const { id } = await cloud.createAndWait();
    const [deleted, reserved] = await Promise.all([
      cloud.ask('DELETE', `${cloud.at}/volumes/${id}`),
      cloud.reserve(id, randomUUID()),
    ]);
    assert.equal([deleted.status === 202, reserved.status === 200].filter(Boolean).length, 1);
    if (deleted.status === 202) await until(async () => (await cloud.show(id)) === undefined);
    else assert.equal((await cloud.show(id)).status, 'reserved');
  }
});
