/** A rack of eight hosts: two for management, one for routers, three for storage, two for servers. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, startCloud, storage, tunnel } from './cloud.ts';
import { canSimulate, type LabHost, ok, openLab } from './lab.ts';

const guest = process.env.WATTLE_TEST_GUEST ?? '';
const all = ['mgmt', 'stor', 'tun', 'ext'] as const;

/** The image of the servers is a segment and the object that names it. */
const ofImage = 2;

/** The objects on the device of a host. */
const objectsOn = (host: LabHost): number =>
  readdirSync(join(host.path, 'object-agent/d1/objects'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.data'),
  ).length;

test('eight hosts join, keep every object while two of three storage nodes are lost, and start after a power cut of all', {
  skip: canSimulate,
}, async (t) => {
  const names = ['mgmt1', 'mgmt2', 'net1', 'stor1', 'stor2', 'stor3', 'comp1', 'comp2'];
  const lab = await openLab(
    t,
    names.map((name) => ({ name, networks: all })),
  );
  const [mgmt1, mgmt2, net1, stor1, stor2, stor3, comp1, comp2] = names.map(lab.host) as [
    LabHost,
    LabHost,
    LabHost,
    LabHost,
    LabHost,
    LabHost,
    LabHost,
    LabHost,
  ];
  const settings = 'image: { stores: [object-store] }\nobject-agent: { replicateMs: 2000, rehashMs: 5000 }\n';
  const began = Date.now();
  const cloud = await startCloud(
    lab,
    mgmt1,
    [
      { host: mgmt2, role: 'management' },
      { host: net1, role: 'network', options: [...tunnel(net1), '--external', 'ext'] },
      ...[stor1, stor2].map((host) => ({ host, role: 'storage', options: storage(host) })),
      { host: stor3, role: 'object', options: storage(stor3) },
      ...[comp1, comp2].map((host) => ({ host, role: 'compute', options: tunnel(host) })),
    ],
    settings,
    ['--virtual-address', '10.88.0.100'],
  );
  const { addPrerequisites, addServer, openstack, node } = cloud;
  const areUp =
    (...wanted: readonly string[]) =>
    async () => {
      const { stdout } = await node('list');
      return wanted.every((name) => new RegExp(`^${name} .* up  `, 'm').test(stdout));
    };
  await eventually('all nodes are up', areUp(...names));
  t.diagnostic(`init and seven joins until all are up: ${Date.now() - began} ms`);

  const put = async (name: string) => {
    writeFileSync(join(lab.folder, 'body'), `the object ${name}`);
    await openstack('object', 'create', '--name', name, 'docs', join(lab.folder, 'body'));
  };
  const isReadable = async (name: string) =>
    (await openstack('object', 'save', '--file', '-', 'docs', name)) === `the object ${name}`;

  await t.test(
    'an object has a replica on each storage node, and servers reach each other over VXLAN hosts',
    async () => {
      await eventually('the proxy has the ring', async () =>
        /stor3/.test(ok(await mgmt1.run(['cat', join(mgmt1.path, 'object-ring.json')]))),
      );
      await eventually('a container is made', async () => (await openstack('container', 'create', 'docs')) !== '');
      for (const name of ['one', 'two', 'three']) await put(name);
      await eventually('three replicas', async () => [stor1, stor2, stor3].every((host) => objectsOn(host) === 3));
      await addPrerequisites(guest);
      for (const host of ['comp1', 'comp2']) await addServer(`on-${host}`, '--availability-zone', `nova:${host}`);
      assert.match((await node('show', 'net1')).stdout, /has +1 routers/);
    },
  );

  await t.test('the second management node serves the same cloud', async () => {
    const script = '. "$0/openrc"; exec openstack "$@"';
    const identity = `OS_AUTH_URL=https://${mgmt2.address('mgmt')}:5000/v3`;
    const listed = await mgmt2.run([
      'bash',
      '-c',
      script.replace(';', `; export ${identity};`),
      mgmt1.path,
      'server',
      'list',
      '-f',
      'value',
      '-c',
      'Name',
    ]);
    assert.deepEqual(ok(listed).trim().split('\n').toSorted(), ['on-comp1', 'on-comp2']);
    const images = ok(
      await mgmt2.run([
        'curl',
        '-sf',
        '--cacert',
        join(mgmt2.path, 'tls/ca.crt'),
        `https://${mgmt2.address('mgmt')}:9292/`,
      ]),
    );
    assert.match(images, /versions/);
  });

  await t.test(
    'N07, W07: two of three storage nodes are lost: what was acknowledged is readable; back, they are repaired',
    async () => {
      await stor2.off();
      for (const name of ['four', 'five']) await put(name);
      assert.equal(objectsOn(stor2), 3 + ofImage);
      const lost = async () => (await mgmt1.wattle('ring')).stdout;
      assert.match(await lost(), /two storage hosts be lost now\? no, because .* does not answer/);
      await stor2.on();
      ok(await stor2.wattle('start'));
      const repairedMs = await eventually('stor2 has all objects', async () => objectsOn(stor2) === 5 + ofImage);
      t.diagnostic(`a storage node that was away has all objects: ${repairedMs} ms after its start`);
      await eventually('two storage nodes may be lost', async () =>
        /two storage hosts be lost now\? yes/.test(await lost()),
      );
      await stor1.off();
      await stor3.off();
      for (const name of ['one', 'four', 'five']) assert.ok(await isReadable(name), name);
      const saved = join(lab.folder, 'saved');
      await openstack('image', 'save', '--file', saved, 'guest');
      assert.equal(statSync(saved).size, statSync(guest).size);
      for (const host of [stor1, stor3]) {
        await host.on();
        ok(await host.wattle('start'));
      }
      await eventually('the storage nodes are up', areUp('stor1', 'stor3'));
      const storedMs = await eventually('objects are stored again', () =>
        put('six').then(
          () => true,
          () => false, // 503 until the proxies see two of three devices again
        ),
      );
      t.diagnostic(`objects are stored again: ${storedMs} ms after the storage nodes are up`);
    },
  );

  await t.test('W05: a replaced storage node gets the place, the roles and the data of the lost one', async () => {
    await stor3.off();
    await eventually('stor3 is down', async () => /^stor3 .* down/m.test((await node('list')).stdout), 90_000);
    const token = ok(await node('replace', 'stor3'));
    ok(await mgmt1.run(['rm', '-rf', stor3.path]));
    await stor3.on();
    const fresh = [
      'join',
      '-',
      '--role',
      'object',
      '--name',
      'stor9',
      '--replaces',
      'stor3',
      '--address',
      stor3.address('mgmt'),
    ];
    ok(await stor3.wattleWith(token, ...fresh, ...storage(stor3), '--yes'));
    const repairedMs = await eventually('the new node has all objects', async () => objectsOn(stor3) === 6 + ofImage);
    t.diagnostic(`a replaced storage node has all objects: ${repairedMs} ms after its join`);
    assert.doesNotMatch((await node('list')).stdout, /^stor3 /m);
  });

  await t.test('W09: all hosts lose their power and start in any order: servers and objects are there', async () => {
    for (const host of lab.hosts) await host.off();
    const order = lab.hosts.map((host) => ({ host, at: randomInt(1_000) })).toSorted((a, b) => a.at - b.at);
    t.diagnostic(`order of starts: ${order.map(({ host }) => host.name).join(' ')}`);
    for (const { host } of order) {
      await host.on();
      const started = await host.run([
        'bash',
        '-c',
        'nohup "$@" >/dev/null 2>&1 &',
        'start',
        process.execPath,
        join(lab.folder, 'clone/deploy/wattle.js'),
        'start',
      ]);
      ok(started);
    }
    const upMs = await eventually(
      'all nodes are up',
      areUp(...names.map((name) => name.replace('stor3', 'stor9'))),
      120_000,
    );
    t.diagnostic(`all nodes are up: ${upMs} ms after the last start`);
    const answersMs = await eventually('the APIs answer', async () => (await openstack('server', 'list')) !== '');
    t.diagnostic(`the APIs answer: ${answersMs} ms after that`);
    for (const name of ['one', 'six']) assert.ok(await isReadable(name), name);
    for (const [name, host] of [
      ['on-comp1', comp1],
      ['on-comp2', comp2],
    ] as const) {
      assert.equal(await openstack('server', 'show', name, '-f', 'value', '-c', 'status'), 'ACTIVE');
      await eventually(
        'its guest runs',
        async () => (await host.run(['pgrep', '-c', 'qemu-system'])).stdout.trim() === '1',
      );
    }
  });
});
