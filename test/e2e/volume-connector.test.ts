/** Validation of connectors, field by field. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDocument } from '#shared/api/document.ts';
import { iscsiName, iscsiNameLength } from '#shared/contracts/grammar.ts';
import { initiator, startVolumes, waitForHosts } from './volume-cloud.ts';

const characters = 'aZ0.:-,=\n\r\0\t"\'\\%é\u2028*{';
/** Texts with a line break, a zero byte or another control character. */
const hostile = Array.from(
  { length: 40 },
  (_, seed) =>
    ['\n', '\0', '\r', '\u2028', '\x1b'][seed % 5] +
    Array.from({ length: seed }, (__, at) => characters[(seed * 31 + at * 17) % characters.length]).join(''),
);
const fields = ['initiator', 'host', 'ip', 'mountpoint', 'mode', 'multipath', 'os_type', 'platform', 'nqn', 'wwpns'];

test('a connector with control characters in any field is refused at create and update, and is sent to no host', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const workBefore = await cloud.db('host_work').count();
  for (const [at, text] of hostile.entries()) {
    const field = fields[at % fields.length] ?? '';
    for (const value of [text, [text]]) {
      const connector = { initiator, host: 'kvm1', [field]: value };
      const update = { version: '3.54', body: { attachment: { connector } } };
      const { status, body } = await cloud.ask('PUT', `/v3/attachments/${attachment.id}`, update);
      assert.deepEqual([status, Object.keys(body)], [400, ['badRequest']], `${field} ${JSON.stringify(value)}`);
      const creation = { version: '3.54', body: { attachment: { volume_uuid: id, connector } } };
      assert.equal((await cloud.ask('POST', '/v3/attachments', creation)).status, 400);
    }
  }
  assert.deepEqual(await cloud.db('host_work').count(), workBefore);
});

test('an initiator must be a name of RFC 3720; a connector without one is refused by name', async (t) => {
  const cloud = await startVolumes(t);
  cloud.startHost();
  await waitForHosts(cloud, 1);
  const { id } = await cloud.createAndWait();
  const { attachment } = (await cloud.reserve(id, randomUUID())).body;
  const connect = (connector: object) =>
    cloud.ask('PUT', `/v3/attachments/${attachment.id}`, { version: '3.54', body: { attachment: { connector } } });
  for (const invalid of [
    'x',
    'ALL',
    'iqn.26-11.a',
    'iqn.2026-11.test:a b',
    'eui.12',
    `iqn.2026-11.test:${'a'.repeat(210)}`,
  ])
    assert.equal((await connect({ initiator: invalid, host: 'h' })).status, 400, invalid);
  assert.match((await connect({ host: 'h' })).body.badRequest.message, /initiator is no iSCSI name/);
  const connector = {
    initiator: 'iqn.1993-08.org.debian:01:cad181614cec',
    host: 'kvm-1.example.org',
    ip: 'fe80::1',
    platform: 'x86_64',
    os_type: 'linux',
    multipath: false,
    mountpoint: '/dev/vdb',
    mode: null,
    do_local_attach: false,
    nqn: 'nqn.2014-08.org.nvmexpress:uuid:beaae2de-3a97-4be1-a739-6ac4bc5bf138',
    'system uuid': randomUUID(),
    wwpns: ['500143802426baf4'],
    nvme_native_multipath: false,
  };
  assert.equal((await connect(connector)).status, 200);
});

test('the OpenAPI document and the agent use the same grammar of initiators', () => {
  const document = openDocument(join(import.meta.dirname, '../../openapi/volume'));
  const body = JSON.stringify(document.operation('put', '/v3/attachments/{id}')?.requestBody);
  assert.ok(body.includes(JSON.stringify(iscsiName.source)), body);
  assert.ok(body.includes(`"maxLength":${iscsiNameLength}`));
});
