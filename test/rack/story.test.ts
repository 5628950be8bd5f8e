/** A rack of three hosts: management, compute with network, storage. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, joinHost, startCloud, storage, tunnel } from './cloud.ts';
import { canSimulate, ok, openLab } from './lab.ts';

const guest = process.env.WATTLE_TEST_GUEST ?? '';
const all = ['mgmt', 'stor', 'tun', 'ext'] as const;
const compute = 'network-agent+compute-agent';

test('three hosts become a cloud, serve, lose their power, are drained and removed', {
  skip: canSimulate,
}, async (t) => {
  const lab = await openLab(t, [
    { name: 'mgmt1', networks: all },
    { name: 'comp1', networks: all },
    { name: 'stor1', networks: ['mgmt', 'stor'] },
    { name: 'comp2', networks: all },
  ]);
  const [mgmt1, comp1, stor1, comp2] = lab.hosts as [
    (typeof lab.hosts)[0],
    (typeof lab.hosts)[0],
    (typeof lab.hosts)[0],
    (typeof lab.hosts)[0],
  ];
  const cloud = await startCloud(lab, mgmt1, [
    { host: comp1, role: 'compute,network', options: [...tunnel(comp1), '--external', 'ext'] },
    { host: stor1, role: 'storage', options: storage(stor1) },
  ]);
  const { addPrerequisites, addServer, openstack, node } = cloud;
  const serverStatus = () => openstack('server', 'show', 'web', '-f', 'value', '-c', 'status');

  await t.test('all nodes are up within 60 s, each with its version and disk', async () => {
    await eventually('all nodes are up', async () => {
      const { stdout } = await node('list');
      return ['mgmt1', 'comp1', 'stor1'].every((name) => new RegExp(`^${name} .* up  `, 'm').test(stdout));
    });
    const { stdout } = await node('list');
    assert.match(stdout, /^NODE +ROLES +ADDRESS +STATE +SEEN +VERSION +UPTIME/);
    assert.match(stdout, /^comp1 +compute,network +10\.88\.0\.12 +up +\d+ s +0\.1\.0 +\d+ s +\d+\/\d+/m);
  });

  await t.test('no secret is in a command line, in the log, or on a host whose role does not need it', async () => {
    const secrets = readdirSync(join(mgmt1.path, 'secrets')).filter((name) => !name.endsWith('-keys'));
    const values = secrets.map((name) => readFileSync(join(mgmt1.path, 'secrets', name), 'utf8').trim());
    for (const host of [mgmt1, comp1, stor1]) {
      const { stdout } = await host.run([
        'bash',
        '-c',
        'cat /proc/[0-9]*/cmdline "$0"/log/*.log | tr "\\0" " "',
        host.path,
      ]);
      for (const [at, value] of values.entries()) assert.ok(!stdout.includes(value), `${secrets[at]} on ${host.name}`);
    }
    assert.deepEqual(readdirSync(join(comp1.path, 'secrets')).toSorted(), [
      'bus-compute-agent.comp1',
      'bus-network-agent.comp1',
      'nova',
    ]);
    assert.deepEqual(readdirSync(join(stor1.path, 'secrets')).toSorted(), [
      'bus-object-agent.stor1',
      'bus-volume-agent.stor1',
      'cinder',
    ]);
  });

  await t.test('database and bus refuse connections without TLS', async () => {
    const open = 'exec 3<>/dev/tcp/10.88.0.11/5672';
    assert.notEqual((await comp1.run(['bash', '-c', open])).code, 0);
    const sql = [
      'mariadb',
      '--no-defaults',
      '--skip-ssl',
      '-h',
      '10.88.0.11',
      '-u',
      'wattle_compute',
      '-pwrong',
      '-e',
      'SELECT 1',
    ];
    assert.match((await comp1.run(sql)).stderr, /secure|Access denied/i);
  });

  await t.test('a server with a volume on the other host runs, and an object is stored', async () => {
    await addPrerequisites(guest);
    await addServer('web');
    await openstack('volume', 'create', '--size', '1', 'data');
    await eventually(
      'the volume is available',
      async () => (await openstack('volume', 'show', 'data', '-f', 'value', '-c', 'status')) === 'available',
    );
    await openstack('server', 'add', 'volume', 'web', 'data');
    await eventually('the guest sees the disk', async () =>
      /disk vdb added/.test(await openstack('console', 'log', 'show', 'web')),
    );
    await openstack('container', 'create', 'docs');
    writeFileSync(join(lab.folder, 'note'), 'a note');
    await openstack('object', 'create', '--name', 'note', 'docs', join(lab.folder, 'note'));
    assert.equal(await openstack('object', 'list', 'docs', '-f', 'value'), 'note');
    const { stdout } = await node('show', 'stor1');
    assert.match(stdout, /has +1 volumes and snapshots/);
    const shows = async () => /has +\d+ partitions of the object ring/.test((await node('show', 'stor1')).stdout);
    await eventually('stor1 has reported its partitions', shows);
  });

  await t.test('a join with a token that was used, and one of a host that has joined, change nothing', async () => {
    const token = ok(await mgmt1.wattle('token', 'create', '--role', 'compute,network'));
    const again = await comp1.wattleWith(token, 'join', '-', '--role', 'compute,network', '--yes', '--no-start');
    assert.match(ok(again), /already node comp1 \(compute, network\) of cloud \w{4}: nothing to do/);
    const asked = await comp2.wattleWith(token, 'join', '-', '--role', 'compute', '--address', comp2.address('mgmt'));
    assert.equal(asked.code, 1);
    assert.match(asked.stdout, /^ {2}name +comp2 +the hostname$/m);
    assert.match(asked.stderr, /nothing was changed; confirm with --yes/);
    assert.equal(readdirSync(join(lab.folder, 'comp2')).includes('var'), false);
  });

  await t.test('a NIC with an address is refused as the way to the external network', async () => {
    const given = ['plan', '--role', 'network', '--address', comp2.address('mgmt'), '--external', 'tun'];
    const { code, stdout } = await comp2.wattle(...given);
    assert.equal(code, 1);
    assert.match(stdout, /^! the NIC tun for --external has the address 10\.88\.2\.14, which ends when it is bridged/m);
  });

  await t.test(
    'W01: a compute host that lost its power is down, and after a start it has its server again',
    async () => {
      await comp1.off();
      const downMs = await eventually(
        'comp1 is down',
        async () => /^comp1 .* down/m.test((await node('list')).stdout),
        90_000,
      );
      assert.ok(downMs < 60_000, `down after ${downMs} ms`);
      await comp1.on();
      ok(await comp1.wattle('start'));
      await eventually('comp1 is up', async () => /^comp1 .* up {2}/m.test((await node('list')).stdout));
      await eventually(
        'one guest runs',
        async () => (await comp1.run(['pgrep', '-c', 'qemu-system'])).stdout.trim() === '1',
      );
      assert.equal(await serverStatus(), 'ACTIVE');
    },
  );

  await t.test('W03: the management node loses its power: guests go on, and after a start all is there', async () => {
    await mgmt1.off();
    assert.equal((await comp1.run(['pgrep', '-c', 'qemu-system'])).stdout.trim(), '1');
    await mgmt1.on();
    ok(await mgmt1.wattle('start'));
    await eventually('all nodes are up', async () => (await node('list')).code === 0);
    assert.equal(await serverStatus(), 'ACTIVE');
    assert.equal(await openstack('object', 'list', 'docs', '-f', 'value'), 'note');
  });

  await t.test(
    'a drained node says what is there, gets nothing new, and is removed only when it is empty',
    async () => {
      await joinHost(mgmt1, { host: comp2, role: 'compute', options: tunnel(comp2) });
      await eventually('comp2 is up', async () => /^comp2 .* up {2}/m.test((await node('list')).stdout));
      const drained = ok(await node('drain', 'comp1'));
      assert.match(drained, /comp1 gets nothing new; still there:\n {2}1 servers: web \(/);
      const refused = await node('remove', 'comp1', '--yes');
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /comp1 still has 1 servers: web .*; drain it and move or delete these first/);
      assert.match((await node('remove', 'comp1', '--yes', '--force')).stderr, /comp1 is up and has/);
      await addServer('web2');
      assert.equal(await openstack('server', 'show', 'web2', '-f', 'value', '-c', 'OS-EXT-SRV-ATTR:host'), 'comp2');
      await openstack('server', 'delete', '--wait', 'web2');
      assert.match((await node('remove', 'comp2')).stderr, /confirm with --yes/);
      ok(await node('remove', 'comp2', '--yes'));
      assert.doesNotMatch((await node('list')).stdout, /comp2/);
      assert.doesNotMatch(await openstack('compute', 'service', 'list'), /comp2/);
      ok(await node('drain', 'comp1', '--undo'));
    },
  );

  await t.test('a removed node is cut off the bus, and does not start', async () => {
    const log = join(comp2.path, 'log', `${compute}.log`);
    await eventually('the broker refuses it', async () => /broker is unreachable/.test(readFileSync(log, 'utf8')));
    ok(await comp2.wattle('stop'));
    const { code, stderr } = await comp2.wattle('start');
    assert.equal(code, 1);
    assert.match(stderr, /node comp2 was removed from cloud \w{4}: its certificate is no longer valid/);
  });

  await t.test('a node with a setting of its own for the cloud, or another secret, does not start', async () => {
    ok(await stor1.wattle('stop'));
    writeFileSync(join(lab.folder, 'stor1/wattle.yaml'), 'cloud: { region: Elsewhere }');
    assert.match(
      (await stor1.wattle('start')).stderr,
      /node stor1 does not fit cloud \w{4}: cloud\.region: Elsewhere here, RegionOne in the cloud/,
    );
    writeFileSync(join(lab.folder, 'stor1/wattle.yaml'), '');
    const secret = join(stor1.path, 'secrets/cinder');
    const kept = readFileSync(secret, 'utf8');
    writeFileSync(secret, 'another');
    assert.match(
      (await stor1.wattle('start')).stderr,
      /node stor1 does not fit the cloud: secret cinder: another one here/,
    );
    writeFileSync(secret, kept);
    ok(await stor1.wattle('start'));
    await eventually('stor1 is up', async () => /^stor1 .* up {2}/m.test((await node('list')).stdout));
  });
});
