/** From login to a running guest with a disk, a network and objects; and back to nothing. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { request, textOf } from '#shared/clients/http.ts';
import { type StoryCloud, until } from './cloud.ts';
import { type Key, makeKey, pings, sameBytes, ssh } from './guest.ts';
import { finalTracesOf, returnsTo } from './traces.ts';

interface Server {
  readonly status: string;
  readonly addresses: Record<string, string[]> | string;
  readonly fault?: unknown;
}
type Row = Readonly<Record<string, string>>;

const guestImage = (): string => {
  const file = process.env.WATTLE_TEST_GUEST;
  assert.ok(file, 'WATTLE_TEST_GUEST names the guest image: npm test sets it');
  return file;
};

/** By day each layout meets one client; both meet both when every point is asked for. */
export const everyPair = process.env.WATTLE_TEST_EVERY === '1';

/** On a busy machine each command of a client takes ten seconds. */
export const patience = { timeout: 1_800_000 };

/** The whole of it, in the order of a newcomer's day. */
export async function liveStory(t: TestContext, cloud: StoryCloud): Promise<void> {
  const key = await makeKey(cloud);
  const before = await finalTracesOf(cloud);
  await t.test('the admin logs in and sees what exists', () => lookAround(cloud));
  let rules: string[] = [];
  await t.test('an image, a key, a network, a router and rules are made', async () => {
    rules = await prepare(cloud, key);
  });
  const address = await floating(t, cloud, key);
  await t.test('the console log has the boot, and the console answers', () => consoles(cloud));
  await t.test('a volume is attached, the guest writes on it', () => volumes(cloud, key, address));
  await t.test('the server stops, starts, reboots, pauses and goes on', () => power(cloud, key, address));
  await t.test('the volume is detached, snapshotted, and made again from the snapshot', () => snapshots(cloud));
  await t.test('an object is stored and comes back', () => objects(cloud));
  await t.test('everything is deleted', () => removeAll(cloud, address, rules));
  await t.test('nothing is left', () => nothingIsLeft(cloud, before));
}

async function lookAround({ os, json }: StoryCloud): Promise<void> {
  assert.match(await os('token', 'issue', '-f', 'value', '-c', 'id'), /^ey/);
  const names = new Set((await json<Row[]>('catalog', 'list')).map(({ Name }) => Name));
  const expected = ['cinder', 'cinderv3', 'glance', 'keystone', 'neutron', 'nova', 'placement', 'swift'];
  assert.deepEqual(names, new Set(expected));
  const flavors = (await json<Row[]>('flavor', 'list')).map(({ Name }) => Name);
  assert.ok(flavors.includes('m1.nano') && flavors.includes('m1.xlarge'), String(flavors));
}

/** Gives the rules that it adds to the default group, which stays. */
async function prepare({ os, folder, json }: StoryCloud, key: Key): Promise<string[]> {
  copyFileSync(guestImage(), join(folder, 'guest.qcow2'));
  writeFileSync(join(folder, 'hello.sh'), '#!/bin/sh\necho hello from user data\n');
  await os('image', 'create', '--disk-format', 'qcow2', '--container-format', 'bare', '--file', 'guest.qcow2', 'guest');
  assert.equal((await json<Row>('image', 'show', 'guest')).status, 'active');
  await os('keypair', 'create', '--public-key', key.publicFile, 'me');
  await os('network', 'create', 'blue');
  await os('subnet', 'create', '--network', 'blue', '--subnet-range', '10.7.0.0/24', 'blue4');
  await os('router', 'create', 'r');
  await os('router', 'set', '--external-gateway', 'public', 'r');
  await os('router', 'add', 'subnet', 'r', 'blue4');
  const open = async (...words: string[]) =>
    (await json<Row>('security', 'group', 'rule', 'create', ...words, 'default')).id ?? '';
  return [await open('--proto', 'tcp', '--dst-port', '22'), await open('--proto', 'icmp')];
}

const show = ({ json }: StoryCloud) => json<Server>('server', 'show', 'web');

/** Makes the server with its address; gives the address. */
async function floating(t: TestContext, cloud: StoryCloud, key: Key): Promise<string> {
  let address = '';
  await t.test('a server boots, gets a floating address, and lets its owner in', async () => {
    const { os, json } = cloud;
    await os(
      'server',
      'create',
      '--image',
      'guest',
      '--flavor',
      'm1.tiny',
      '--network',
      'blue',
      '--key-name',
      'me',
      '--user-data',
      'hello.sh',
      '--wait',
      'web',
    );
    assert.equal((await show(cloud)).status, 'ACTIVE');
    address = (await json<Row>('floating', 'ip', 'create', 'public')).floating_ip_address ?? '';
    await os('server', 'add', 'floating', 'ip', 'web', address);
    await until(`ping ${address}`, () => pings(address));
    assert.match(await ssh(key, address, 'hostname'), /web/);
    await until('the list shows the floating address', async () =>
      JSON.stringify((await show(cloud)).addresses).includes(address),
    );
  });
  return address;
}

async function consoles({ os, json }: StoryCloud): Promise<void> {
  await until('hello in the log', async () =>
    (await os('console', 'log', 'show', 'web')).includes('hello from user data'),
  );
  const { url } = await json<{ url: string }>('console', 'url', 'show', 'web');
  const page = await request(url.replace(/\?.*$/, ''));
  assert.equal(page.status, 200);
  assert.match(await textOf(page), /<html/i);
}

async function volumes({ os, json }: StoryCloud, key: Key, address: string): Promise<void> {
  await os('volume', 'create', '--size', '1', 'data');
  await until('the volume is there', async () => (await json<Row>('volume', 'show', 'data')).status === 'available');
  await os('server', 'add', 'volume', 'web', 'data');
  await until('the volume is in use', async () => (await json<Row>('volume', 'show', 'data')).status === 'in-use');
  await ssh(
    key,
    address,
    'mkfs.ext4 -q -F /dev/vdb && mount /dev/vdb /mnt && echo kept > /mnt/letter && umount /mnt',
    'root',
  );
}

const reaches = (cloud: StoryCloud, status: string) =>
  until(`the server is ${status}`, async () => (await show(cloud)).status === status);

async function power(cloud: StoryCloud, key: Key, address: string): Promise<void> {
  const { os } = cloud;
  await os('server', 'stop', 'web');
  await reaches(cloud, 'SHUTOFF');
  await os('server', 'start', 'web');
  await reaches(cloud, 'ACTIVE');
  await ssh(key, address, 'true');
  await os('server', 'reboot', '--soft', '--wait', 'web');
  await os('server', 'reboot', '--hard', '--wait', 'web');
  await ssh(key, address, 'true');
  await os('server', 'pause', 'web');
  await reaches(cloud, 'PAUSED');
  await os('server', 'unpause', 'web');
  await reaches(cloud, 'ACTIVE');
}

async function snapshots({ os, json }: StoryCloud): Promise<void> {
  const becomes = (words: string[], status: string) =>
    until(`${words.join(' ')} is ${status}`, async () => (await json<Row>(...words)).status === status);
  await os('server', 'remove', 'volume', 'web', 'data');
  await becomes(['volume', 'show', 'data'], 'available');
  await os('volume', 'snapshot', 'create', '--volume', 'data', 'snap');
  await becomes(['volume', 'snapshot', 'show', 'snap'], 'available');
  await os('volume', 'create', '--snapshot', 'snap', '--size', '1', 'again');
  await becomes(['volume', 'show', 'again'], 'available');
}

async function objects({ os, folder }: StoryCloud): Promise<void> {
  writeFileSync(join(folder, 'letter.txt'), 'kept three times\n'.repeat(5000));
  await os('container', 'create', 'docs');
  await os('object', 'create', 'docs', 'letter.txt');
  await os('object', 'save', 'docs', 'letter.txt', '--file', 'copy.txt');
  assert.ok(sameBytes(join(folder, 'letter.txt'), join(folder, 'copy.txt')));
  rmSync(join(folder, 'copy.txt'));
}

async function removeAll({ os, json }: StoryCloud, address: string, rules: readonly string[]): Promise<void> {
  await os('server', 'delete', '--wait', 'web');
  await os('floating', 'ip', 'delete', address);
  await os('volume', 'delete', 'again');
  await os('volume', 'snapshot', 'delete', 'snap');
  await until('the snapshot is gone', async () => (await json<Row[]>('volume', 'snapshot', 'list')).length === 0);
  await os('volume', 'delete', 'data');
  await os('object', 'delete', 'docs', 'letter.txt');
  await os('container', 'delete', 'docs');
  await os('router', 'remove', 'subnet', 'r', 'blue4');
  await os('router', 'unset', '--external-gateway', 'r');
  await os('router', 'delete', 'r');
  await os('network', 'delete', 'blue');
  await os('security', 'group', 'rule', 'delete', ...rules);
  await os('keypair', 'delete', 'me');
  await os('image', 'delete', 'guest');
}

/** Every list is empty, and the cloud has on its host and in its rows what it had before. */
async function nothingIsLeft(cloud: StoryCloud, before: readonly string[]): Promise<void> {
  const { json } = cloud;
  const lists = [
    ['server', 'list', '--all-projects'],
    ['volume', 'list', '--all-projects'],
    ['volume', 'snapshot', 'list', '--all-projects'],
    ['floating', 'ip', 'list'],
    ['router', 'list'],
    ['image', 'list'],
    ['keypair', 'list'],
    ['container', 'list'],
  ];
  for (const words of lists)
    await until(`${words.join(' ')} is empty`, async () => (await json<Row[]>(...words)).length === 0);
  assert.deepEqual(
    (await json<Row[]>('network', 'list')).map(({ Name }) => Name),
    ['public'],
  );
  assert.deepEqual(await json<Row[]>('port', 'list'), []);
  await returnsTo(cloud, before);
}
