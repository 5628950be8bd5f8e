/** Joining and leaving, between a registry and hosts in this process: over TLS, with their own directories. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { run } from '#shared/process/run.ts';
import { freePort } from '../../test/fakes/free-port.ts';
import { secretIn, specOf, startRegistry } from './cloud-in-test.ts';
import { joinCloud } from './join-cloud.ts';
import { readSettings } from './node-directory.ts';
import type { CheckInRequest } from './registry/protocol.ts';
import { findPlacement, savePlacement } from './registry/ring-settings.ts';
import { checkFit, checkIn, renewWhenDue } from './watch-cloud.ts';

const start = async (t: TestContext) => startRegistry(t, await freePort());
const filesIn = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder).toSorted() : []);

test('a host that joins gets the secrets of its roles alone, a certificate for its own key, and settings', async (t) => {
  const cloud = await start(t);
  const host = cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute');
  const node = await joinCloud(host);
  assert.deepEqual(filesIn(join(host.path, 'secrets')), ['bus-compute-agent.kvm1', 'bus-network-agent.kvm1', 'nova']);
  assert.equal(secretIn(host.path, 'nova'), secretIn(cloud.path, 'nova'));
  assert.equal(node.cloudId, cloud.cloudId);
  const certificate = new X509Certificate(readFileSync(join(host.path, 'tls/node.crt')));
  assert.match(certificate.subject, /^CN=kvm1$/);
  assert.match(certificate.subjectAltName ?? '', new RegExp(`DNS:kvm1, IP Address:${host.spec.address}`));
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'], 'it may not act as a server');
  assert.ok(certificate.verify(new X509Certificate(readFileSync(join(cloud.path, 'tls/ca.crt'))).publicKey));
  assert.equal(readSettings(host.path).cloud['object-ring'], undefined, 'the secret of the ring is not for it');
  for (const file of ['rack/node.json', 'rack/cloud.json', 'rack/host.json', 'tls/node.key', 'secrets/nova'])
    assert.equal(statSync(join(host.path, file)).mode & 0o777, 0o600, file);
});

test('the ring grows with the storage nodes, on all nodes that read it', async (t) => {
  const cloud = await start(t);
  const token = await cloud.tokenFor(['object', 'volume'], { uses: 2 });
  const [one, two] = [cloud.hostOf('stor1', token, 'storage'), cloud.hostOf('stor2', token, 'object')];
  await joinCloud(one);
  await joinCloud(two);
  assert.equal(await checkIn(one.path), true);
  assert.equal(await checkIn(one.path), false);
  const ring = readSettings(one.path).cloud['object-ring'];
  assert.deepEqual(ring?.devices, [`stor1-${one.spec.address}:6210/d1`, `stor2-${two.spec.address}:6210/d1`]);
  assert.equal(ring?.replicas, 2);
  assert.deepEqual(ring, readSettings(two.path).cloud['object-ring']);
});

test('replicas stay where they are when a fourth storage node joins, and when one is drained', async (t) => {
  const cloud = await start(t);
  const token = await cloud.tokenFor(['object'], { uses: 5 });
  const names = ['stor1', 'stor2', 'stor3', 'stor4'];
  const hosts = names.map((name) => cloud.hostOf(name, token, 'object'));
  const rows: string[][] = [];
  for (const host of hosts) {
    await joinCloud(host);
    const { rows: now = [], version } = (await findPlacement(cloud.registry)) ?? {};
    assert.equal(version, rows.push(now.map((row) => row.join())));
  }
  assert.deepEqual(rows[3], rows[2]);
  const node = await cloud.registry.findNode({ name: 'stor1' });
  assert.ok(node);
  await cloud.registry.saveNode({ ...node, drained: true });
  await checkIn(hosts[0]?.path ?? '');
  const drained = await findPlacement(cloud.registry);
  assert.deepEqual(
    drained?.rows.map((row) => row.join()),
    rows[2],
  );
  assert.equal(drained?.devices[0]?.weight, 0);
  await assert.rejects(savePlacement(cloud.registry, { ...drained, version: 1 }, drained), /has changed meanwhile/);
});

test('a token that was used, has expired, is for another role, or was changed is refused by name', async (t) => {
  const cloud = await start(t);
  const used = await cloud.tokenFor(['compute']);
  await joinCloud(cloud.hostOf('kvm1', used, 'compute'));
  await assert.rejects(
    joinCloud(cloud.hostOf('kvm2', used, 'compute')),
    /the join token \w+ was used already \(1 of 1 uses\)/,
  );
  const token = await cloud.tokenFor(['compute']);
  await assert.rejects(
    joinCloud(cloud.hostOf('kvm3', token, 'management')),
    /the join token \w+ is for compute, not for management/,
  );
  const changed = { ...token, secret: `${token.secret}x` };
  await assert.rejects(
    joinCloud(cloud.hostOf('kvm3', changed, 'compute')),
    /the join token is not known to this cloud/,
  );
  cloud.state.now = () => Date.now() + 60_001;
  await assert.rejects(
    joinCloud(cloud.hostOf('kvm3', token, 'compute')),
    /the join token \w+ expired at .*; create another/,
  );
  assert.deepEqual(filesIn(join(cloud.folder, 'kvm3', 'secrets')), []);
  assert.equal(existsSync(join(cloud.folder, 'kvm3', 'rack/node.json')), false);
});

test('a host sends its token to no server but that of the fingerprint, and no secret leaves the registry unasked', async (t) => {
  const [cloud, other] = [await start(t), await start(t)];
  const token = await cloud.tokenFor(['compute']);
  const { registry } = await other.tokenFor(['compute']);
  await assert.rejects(
    joinCloud(cloud.hostOf('kvm1', { ...token, registry }, 'compute')),
    /is not the management node of the join token: the fingerprint of its authority differs/,
  );
  assert.equal(existsSync(join(cloud.folder, 'kvm1')), false);
});

test('a management node that is unreachable, and a clock that is wrong, are named', async (t) => {
  const cloud = await start(t);
  const token = await cloud.tokenFor(['compute']);
  const away = { ...token, registry: `127.0.0.1:${await freePort()}` };
  await assert.rejects(
    joinCloud(cloud.hostOf('kvm1', away, 'compute')),
    /management node 127\.0\.0\.1:\d+ is unreachable: .*ECONNREFUSED/,
  );
  const late = { ...cloud.hostOf('kvm1', token, 'compute'), now: () => Date.now() - 120_000 };
  await assert.rejects(joinCloud(late), /the clock of this host is 1(19|20|21) s behind that of .*: set it \(NTP\)/);
  const early = { ...late, now: () => Date.now() + 3_600_000 };
  await assert.rejects(joinCloud(early), /the clock of this host is 3(599|600|601) s ahead of/);
});

test('a join that was interrupted after its token was used is repeated by the same host with the same token', async (t) => {
  const cloud = await start(t);
  const token = await cloud.tokenFor(['compute']);
  const host = cloud.hostOf('kvm1', token, 'compute');
  const first = await joinCloud(host);
  for (const lost of ['rack', 'secrets', 'tls/node.crt']) rmSync(join(host.path, lost), { recursive: true });
  mkdirSync(join(host.path, 'secrets'));
  assert.deepEqual(await joinCloud(host), first);
  assert.equal(await checkIn(host.path), false);
  rmSync(join(host.path, 'tls/node.key'));
  await assert.rejects(joinCloud(host), /was used already/, 'with another key it is another host');
});

test('a refused join gives its use of the token back', async (t) => {
  const cloud = await start(t);
  const host = cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute');
  cloud.state.brokerIsAway = true;
  await assert.rejects(joinCloud(host), /the registry failed/);
  assert.equal(await cloud.registry.findNode({ name: 'kvm1' }), undefined);
  cloud.state.brokerIsAway = false;
  rmSync(host.path, { recursive: true });
  await joinCloud(host);
});

test('a full disk in the middle of a join leaves no node, and the join goes on when there is space', {
  skip: process.getuid?.() === 0 ? false : 'needs root to mount',
}, async (t) => {
  const cloud = await start(t);
  const path = mkdtempSync(join(tmpdir(), 'disk-'));
  const host = { ...cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute'), path };
  await run(['mount', '-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', path]);
  t.after(async () => {
    await run(['umount', path]);
    rmSync(path, { recursive: true });
  });
  const onStep = (text: string) => {
    if (text.startsWith('writing')) fill(join(host.path, 'filling'));
  };
  await assert.rejects(joinCloud({ ...host, onStep }), { code: 'ENOSPC' });
  assert.equal(existsSync(join(host.path, 'rack/node.json')), false);
  rmSync(join(host.path, 'filling'));
  await joinCloud(host);
  assert.equal(await checkIn(host.path), false);
});

function fill(file: string): void {
  for (let size = 64 * 1024; size > 0; size = Math.floor(size / 2))
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
}

test('a name, a host id and an address belong to one node', async (t) => {
  const cloud = await start(t);
  const token = await cloud.tokenFor(['compute'], { uses: 5 });
  const host = cloud.hostOf('kvm1', token, 'compute');
  await joinCloud(host);
  await assert.rejects(
    joinCloud({ ...host, path: join(cloud.folder, 'else') }),
    /a node kvm1 with another host id has joined/,
  );
  const copy = cloud.hostOf('kvm2', token, 'compute');
  mkdirSync(copy.path);
  cpSync(join(host.path, 'host-id'), join(copy.path, 'host-id'));
  await assert.rejects(joinCloud(copy), /this host has the host id of node kvm1 \(.*\): a copy of its disk\?/);
  const twice = {
    ...cloud.hostOf('kvm3', token, 'compute'),
    spec: { ...specOf('kvm3', ['compute']), address: host.spec.address },
  };
  await assert.rejects(joinCloud(twice), /node kvm1 has the address/);
});

test('a node that does not fit the cloud is refused with all that differs', async (t) => {
  const cloud = await start(t);
  const host = cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute');
  await joinCloud(host);
  await assert.rejects(checkFit(host.path), /this host does not have the address 127\.0\.1\.\d+ of node kvm1/);
  writeFileSync(join(host.path, 'secrets/nova'), 'another');
  rmSync(join(host.path, 'secrets/bus-network-agent.kvm1'));
  await assert.rejects(
    checkIn(host.path),
    /node kvm1 does not fit the cloud: secret bus-network-agent\.kvm1: missing here; secret nova: another one here$/,
  );
  const file = join(host.path, 'rack/node.json');
  writeFileSync(file, readFileSync(file, 'utf8').replace(cloud.cloudId, 'zzzz'));
  await assert.rejects(checkIn(host.path), new RegExp(`cloud id: zzzz here, ${cloud.cloudId} in the cloud`));
});

test('two hosts with one identity are noticed when the first one reports again', async (t) => {
  const cloud = await start(t);
  const host = cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute');
  await joinCloud(host);
  const node = await cloud.registry.findNode({ name: 'kvm1' });
  assert.ok(node);
  const { checkIn: receive } = await import('./registry/check-in.ts');
  const from = (bootId: string): CheckInRequest => {
    const secrets = Object.fromEntries(Object.entries(digests()).map(([name, digest]) => [name, digest]));
    return { cloudId: cloud.cloudId, hostId: node.hostId, report: { ...node.report, bootId, secrets } };
  };
  const { digestsOf, secretNamesOf } = await import('./registry/secrets-of.ts');
  const digests = () => digestsOf(host.path, secretNamesOf(host.path, node));
  await receive(cloud, node, from('first'));
  await receive(cloud, node, from('copy'));
  await assert.rejects(
    receive(cloud, node, from('first')),
    /another host with the same identity started after this one/,
  );
  await assert.rejects(
    receive(cloud, node, { ...from('copy'), report: { ...from('copy').report, version: '2.0.0' } }),
    /version: 2\.0\.0 here, 0\.1\.0 on the management node/,
  );
});

test('a further management node is refused without an address that moves and a store of images that both reach', async (t) => {
  const cloud = await start(t);
  const change = async (section: string, values: Record<string, unknown>) => {
    const settings = await cloud.registry.findSettings();
    await cloud.registry.saveSettings({ ...settings, [section]: { ...settings?.[section], ...values } });
  };
  const host = cloud.hostOf('mgmt2', await cloud.tokenFor(['management']), 'management');
  await assert.rejects(joinCloud(host), /needs an address that moves to it .* --virtual-address/);
  await change('cloud', { virtualAddress: '127.0.0.100' });
  await assert.rejects(joinCloud(host), /needs a store of images that all of them reach/);
  await change('image', { stores: ['object-store'] });
  await joinCloud(host);
  const secrets = filesIn(join(host.path, 'secrets'));
  const shared = ['admin', 'glance', 'database-compute', 'bus-identity', 'bus-cookie', 'ca-key', 'peer-ca-key'];
  assert.ok(
    shared.every((name) => secrets.includes(name)),
    'it can do all that the first one does',
  );
  const certificate = new X509Certificate(readFileSync(join(host.path, 'tls/node.crt')));
  assert.match(certificate.subjectAltName ?? '', /IP Address:127\.0\.0\.100/);
  const address = host.spec.address;
  const { database, bus, managementNodes } = readSettings(host.path).cloud.cloud ?? {};
  assert.equal(database, `mysqls://127.0.0.1:3306,${address}:3306`);
  assert.equal(bus, `amqps://127.0.0.1:5671,${address}:5671`);
  assert.deepEqual(managementNodes, ['mgmt1=127.0.0.1', `mgmt2=${address}`]);
});

test('a certificate is renewed in time, for the same key; the one before is good until the new one was used', async (t) => {
  const cloud = await start(t);
  const host = cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute');
  await joinCloud(host);
  const file = join(host.path, 'tls/node.crt');
  const before = readFileSync(file);
  const later = Date.now() + 300 * 86_400_000;
  assert.equal(await renewWhenDue(host.path), false, 'it is new');
  assert.equal(await renewWhenDue(host.path, later), true);
  const after = readFileSync(file);
  const [old, renewed] = [new X509Certificate(before), new X509Certificate(after)];
  assert.notEqual(renewed.serialNumber, old.serialNumber);
  assert.ok(renewed.publicKey.equals(old.publicKey));
  assert.equal(renewed.subjectAltName, old.subjectAltName);
  writeFileSync(file, before); // the answer was lost
  await checkIn(host.path);
  writeFileSync(file, after);
  await checkIn(host.path);
  writeFileSync(file, before);
  await assert.rejects(checkIn(host.path), /its certificate is no longer valid/);
});

test('a removed node is refused: its certificate is no longer valid', async (t) => {
  const cloud = await start(t);
  const host = cloud.hostOf('kvm1', await cloud.tokenFor(['compute']), 'compute');
  await joinCloud(host);
  await cloud.registry.deleteNode('kvm1');
  await assert.rejects(checkIn(host.path), /node kvm1 was removed from cloud \w+: its certificate is no longer valid/);
});

test('a node takes the place of another: its row is replaced', async (t) => {
  const cloud = await start(t);
  const token = await cloud.tokenFor(['object'], { uses: 2 });
  const lost = cloud.hostOf('stor1', token, 'object');
  await joinCloud(lost);
  const fresh = { ...cloud.hostOf('stor9', token, 'object'), replaces: 'stor1' };
  await joinCloud(fresh);
  assert.deepEqual(
    (await cloud.registry.listNodes()).map(({ name }) => name),
    ['mgmt1', 'stor9'],
  );
  assert.deepEqual(readSettings(fresh.path).cloud['object-ring']?.devices, [`stor9-${fresh.spec.address}:6210/d1`]);
  await assert.rejects(checkIn(lost.path), /was removed/);
  const other = { ...cloud.hostOf('stor5', await cloud.tokenFor(['object']), 'object'), replaces: 'stor7' };
  await assert.rejects(joinCloud(other), /there is no node stor7 to replace/);
});
