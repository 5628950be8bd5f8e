/** The main scenario: log in, create a guest with network, volume and objects, use it, delete everything. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { request, textOf } from '#shared/clients/http.ts';
import { type StoryCloud, until } from './cloud.ts';
import { ensureKey, type Key, respondsToPing, sameBytes, ssh } from './guest.ts';
import { idleTracesOf, waitForTraces } from './traces.ts';

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

/** Normally each layout is tested with one client; with WATTLE_TEST_EVERY both with both. */
export const everyPair = process.env.WATTLE_TEST_EVERY === '1';

/** On a busy machine each client command takes ten seconds. */
export const patience = { timeout: 1_800_000 };

/** All steps, in the order of a first day with the cloud. */
export async function runStory(t: TestContext, cloud: StoryCloud): Promise<void> {
  const key = await ensureKey(cloud);
  const before = await idleTracesOf(cloud);
  await t.test('the admin logs in and lists the catalog and flavors', () => listInitial(cloud));
  let rules: string[] = [];
  await t.test('an image, a key, a network, a router and rules are created', async () => {
    rules = await prepare(cloud, key);
  });
  const address = await bootServer(t, cloud, key);
  await t.test('the console log has the boot messages, and the console page is served', () => checkConsoles(cloud));
  await t.test('a volume is attached, and the guest writes to it', () => attachVolume(cloud, key, address));
  await t.test('the server stops, starts, reboots, pauses and unpauses', () => changePower(cloud, key, address));
  await t.test('the volume is detached, snapshotted, and cloned from the snapshot', () => cloneVolume(cloud));
  await t.test('an object is uploaded and downloaded', () => roundTripObject(cloud));
  await t.test('everything is deleted', () => deleteAll(cloud, address, rules));
  await t.test('nothing is left behind', () => checkNothingLeft(cloud, before));
}

async function listInitial({ os, json }: StoryCloud): Promise<void> {
  assert.match(await os('token', 'issue', '-f', 'value', '-c', 'id'), /^ey/);
  const names = new Set((await json<Row[]>('catalog', 'list')).map(({ Name }) => Name));
  const expected = ['cinder', 'cinderv3', 'glance', 'keystone', 'neutron', 'nova', 'placement', 'swift'];
  assert.deepEqual(names, new Set(expected));
  const flavors = (await json<Row[]>('flavor', 'list')).map(({ Name }) => Name);
  assert.ok(flavors.includes('m1.nano') && flavors.includes('m1.xlarge'), String(flavors));
}

/** Returns the rules that it adds to the default group, which cannot be deleted. */
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
  const addRule = async (...args: string[]) =>
    (await json<Row>('security', 'group', 'rule', 'create', ...args, 'default')).id ?? '';
  return [await addRule('--proto', 'tcp', '--dst-port', '22'), await addRule('--proto', 'icmp')];
}

const show = ({ json }: StoryCloud) => json<Server>('server', 'show', 'web');

/** Creates the server and its floating IP; returns the address. */
async function bootServer(t: TestContext, cloud: StoryCloud, key: Key): Promise<string> {
  let address = '';
  await t.test('a server boots, gets a floating IP, and accepts the key over ssh', async () => {
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
    await until(`ping ${address}`, () => respondsToPing(address));
    assert.match(await ssh(key, address, 'hostname'), /web/);
    await until('the server shows the floating IP', async () =>
      JSON.stringify((await show(cloud)).addresses).includes(address),
    );
  });
  return address;
}

async function checkConsoles({ os, json }: StoryCloud): Promise<void> {
  await until('the console log has the output of user data', async () =>
    (await os('console', 'log', 'show', 'web')).includes('hello from user data'),
  );
  const { url } = await json<{ url: string }>('console', 'url', 'show', 'web');
  const page = await request(url.replace(/\?.*$/, ''));
  assert.equal(page.status, 200);
  assert.match(await textOf(page), /<html/i);
}

async function attachVolume({ os, json }: StoryCloud, key: Key, address: string): Promise<void> {
  await os('volume', 'create', '--size', '1', 'data');
  await until(
    'the volume is available',
    async () => (await json<Row>('volume', 'show', 'data')).status === 'available',
  );
  await os('server', 'add', 'volume', 'web', 'data');
  await until('the volume is in use', async () => (await json<Row>('volume', 'show', 'data')).status === 'in-use');
  await ssh(
    key,
    address,
    'mkfs.ext4 -q -F /dev/vdb && mount /dev/vdb /mnt && echo kept > /mnt/letter && umount /mnt',
    'root',
  );
}

const waitForStatus = (cloud: StoryCloud, status: string) =>
  until(`the server is ${status}`, async () => (await show(cloud)).status === status);

async function changePower(cloud: StoryCloud, key: Key, address: string): Promise<void> {
  const { os } = cloud;
  await os('server', 'stop', 'web');
  await waitForStatus(cloud, 'SHUTOFF');
  await os('server', 'start', 'web');
  await waitForStatus(cloud, 'ACTIVE');
  await ssh(key, address, 'true');
  await os('server', 'reboot', '--soft', '--wait', 'web');
  await os('server', 'reboot', '--hard', '--wait', 'web');
  await ssh(key, address, 'true');
  await os('server', 'pause', 'web');
  await waitForStatus(cloud, 'PAUSED');
  await os('server', 'unpause', 'web');
  await waitForStatus(cloud, 'ACTIVE');
}

async function cloneVolume({ os, json }: StoryCloud): Promise<void> {
  const becomes = (args: string[], status: string) =>
    until(`${args.join(' ')} is ${status}`, async () => (await json<Row>(...args)).status === status);
  await os('server', 'remove', 'volume', 'web', 'data');
  await becomes(['volume', 'show', 'data'], 'available');
  await os('volume', 'snapshot', 'create', '--volume', 'data', 'snap');
  await becomes(['volume', 'snapshot', 'show', 'snap'], 'available');
  await os('volume', 'create', '--snapshot', 'snap', '--size', '1', 'again');
  await becomes(['volume', 'show', 'again'], 'available');
}

async function roundTripObject({ os, folder }: StoryCloud): Promise<void> {
  writeFileSync(join(folder, 'letter.txt'), 'kept three times\n'.repeat(5000));
  await os('container', 'create', 'docs');
  await os('object', 'create', 'docs', 'letter.txt');
  await os('object', 'save', 'docs', 'letter.txt', '--file', 'copy.txt');
  assert.ok(sameBytes(join(folder, 'letter.txt'), join(folder, 'copy.txt')));
  rmSync(join(folder, 'copy.txt'));
}

async function deleteAll({ os, json }: StoryCloud, address: string, rules: readonly string[]): Promise<void> {
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

/** Every list is empty, and the host and the database are as before. */
async function checkNothingLeft(cloud: StoryCloud, before: readonly string[]): Promise<void> {
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
  for (const args of lists)
    await until(`${args.join(' ')} is empty`, async () => (await json<Row[]>(...args)).length === 0);
  assert.deepEqual(
    (await json<Row[]>('network', 'list')).map(({ Name }) => Name),
    ['public'],
  );
  assert.deepEqual(await json<Row[]>('port', 'list'), []);
  await waitForTraces(cloud, before);
}
