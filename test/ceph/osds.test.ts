/** Guests on RBD volumes of a real Ceph cluster, two of whose three OSDs are killed: `npm run test:ceph`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DiskSpec } from '#shared/contracts/compute-agent.ts';
import { silentLog } from '#shared/log/log.ts';
import { run } from '#shared/process/run.ts';
import { readCephKey } from '../../services/compute-agent/drivers/ceph-key.ts';
import { type DiskParts, diskParts, keyOf } from '../../services/compute-agent/drivers/qemu/devices.ts';
import { Qmp } from '../../services/compute-agent/drivers/qemu/qmp.ts';
import { openRbdExports } from '../../services/volume-agent/drivers/rbd/exports.ts';
import { openRbd } from '../../services/volume-agent/drivers/rbd/rbd.ts';
import { diskSpec, exampleHost, guestSpec, until } from '../fakes/compute-host.ts';
import { processOf } from '../fakes/qemu.ts';
import { blank, initiator, noImages } from '../fakes/volume-host.ts';
import { type Ceph, cephUser, guestUser, startCeph } from './cluster.ts';

let dir = '';
let ceph: Ceph;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ceph-'));
  ceph = await startCeph(dir);
});
after(async () => {
  await ceph?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** What the guest's QEMU has. */
async function sizeSeenBy(stateDir: string, guestId: string, diskId: string): Promise<number | undefined> {
  const folder = join(stateDir, 'guests', guestId);
  const { uid } = JSON.parse(await readFile(join(folder, 'guest.json'), 'utf8'));
  const qmp = await Qmp.connect(join(folder, 'run', 'monitor.sock'), uid);
  const nodes = await qmp.execute<{ 'node-name': string; image: { 'virtual-size': number } }[]>(
    'query-named-block-nodes',
    {},
  );
  qmp.close();
  return nodes.find((node) => node['node-name'] === keyOf(diskId))?.image['virtual-size'];
}

const ceph3 = { timeout: 300_000 };

/** A volume of 1 GiB that is granted to a host, and how its guests reach it. */
async function volume(t: TestContext) {
  const directory = join(dir, randomUUID());
  const options = { conf: ceph.conf, user: cephUser, pool: ceph.pool, balanceReads: true, purgeMs: 1_000 };
  const log = silentLog();
  const opened = await openRbd({ ...options, directory, images: noImages, maxImageGb: 1, log });
  t.after(() => opened.close());
  const exporter = await openRbdExports({ rbd: opened.rbd, directory, log });
  const id = randomUUID();
  await opened.store.ensureVolume({ id, sizeGb: 1, source: blank });
  const spec = { ...initiator, volumeId: id, readOnly: false };
  const target = await exporter.ensureGrant(spec, await opened.store.pathOf(id));
  if (!('image' in target)) throw new Error('a target of RBD');
  const disk = diskSpec({ id, sizeGb: 1, source: { kind: 'rbd', ...target } });
  const end = () => exporter.ensureGrantGone({ id: initiator.id, volumeId: id });
  return { ...opened, disk, end };
}

const guestKey = () => readCephKey(join(dir, `client.${guestUser}.keyring`));

/** QEMU's own tool, with the disk as a guest has it: what it printed is acknowledged. */
async function writer(t: TestContext, disk: DiskSpec) {
  const parts = diskParts(disk, { slots: {}, bases: {}, initiator: '', ceph: await guestKey() });
  const child = spawn('qemu-io', await argsOf(parts), { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return {
    send: (io: string) => child.stdin.write(`${io}\n`),
    acknowledged: () => [...output.matchAll(/^(?:qemu-io> )*wrote /gm)].length,
    output: () => output,
    end: async () => {
      child.stdin.end('quit\n');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function argsOf({ secrets, nodes, key }: DiskParts): Promise<string[]> {
  const objects = await Promise.all(
    secrets.map(async ({ id, data, format = 'raw' }) => {
      const file = join(dir, `${randomUUID()}.secret`);
      await writeFile(file, data, { mode: 0o600 });
      return ['--object', `secret,id=${id},file=${file},format=${format}`];
    }),
  );
  const [protocol] = nodes;
  assert.ok(protocol && key);
  const { 'node-name': _, ...file } = protocol;
  return [...objects.flat(), `json:${JSON.stringify({ driver: 'raw', file })}`];
}

test('with two of three OSDs killed under a writing guest nothing that was acknowledged is lost', ceph3, async (t) => {
  const { disk } = await volume(t);
  const guest = await writer(t, disk);
  const blockOf = (at: number) => `${at * 64}k 64k`;
  const writeAll = async () => {
    for (let at = 0; at < 60; at += 1) {
      guest.send(`write -f -P ${at + 1} ${blockOf(at)}`);
      await until(`block ${at} is written`, async () => guest.acknowledged() > at);
    }
  };
  const written = writeAll();
  await until('the first blocks are written', async () => guest.acknowledged() >= 10);
  await Promise.all([ceph.killOsd(1), ceph.killOsd(2)]);
  await sleep(3_000); // the time without service that the test is about
  const survived = guest.acknowledged();
  assert.ok(survived < 60, 'one copy alone is not written to');
  await Promise.all([ceph.startOsd(1), ceph.startOsd(2)]);
  await written;
  assert.doesNotMatch(guest.output(), /error|failed/i);
  await guest.end();
  const reader = await writer(t, disk);
  for (let at = 0; at < 60; at += 1) reader.send(`read -P ${at + 1} ${blockOf(at)}`);
  await reader.end();
  assert.equal([...reader.output().matchAll(/^(?:qemu-io> )*read 65536/gm)].length, 60);
  assert.doesNotMatch(reader.output(), /verification failed|error/i);
  t.diagnostic(`${survived} of 60 writes were acknowledged while two OSDs were away`);
});

test(
  'a client that still has a volume open after its attachment ended is cut off before the next one reads',
  ceph3,
  async (t) => {
    const { disk, end } = await volume(t);
    const guest = await writer(t, disk);
    guest.send('write -P 1 0 64k');
    await until('it is written', async () => guest.acknowledged() === 1);
    await end();
    const read = async () => {
      const next = await writer(t, disk);
      next.send('read -P 1 0 64k');
      await next.end();
      assert.doesNotMatch(next.output(), /verification failed|error/i);
    };
    await read(); // from here on the OSD knows of the end
    guest.send('write -P 2 0 64k');
    await until('it is refused', async () => /write failed|error/i.test(guest.output()));
    await read();
  },
);

test(
  'a running guest takes a volume of RBD by hot plug, sees it grow, and the key is in no argument',
  ceph3,
  async (t) => {
    const { store, disk } = await volume(t);
    const key = await guestKey();
    const { stateDir, open } = await exampleHost(t);
    const hypervisor = await open({ ceph: key });
    const spec = guestSpec();
    await hypervisor.ensureGuest(spec);
    await hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, disk] });
    await store.ensureVolume({ id: disk.id, sizeGb: 2, source: blank });
    await hypervisor.ensureGuest({ ...spec, disks: [...spec.disks, { ...disk, sizeGb: 2 }] });
    await hypervisor.close();
    assert.equal(await sizeSeenBy(stateDir, spec.id, disk.id), 2 * 2 ** 30);
    const next = await open({ ceph: key });
    await next.recover(null);
    await hypervisor.close();
    assert.equal(await sizeSeenBy(stateDir, spec.id, disk.id), 2 * 2 ** 30);
    const plugged = await processOf(stateDir, spec.id);
    assert.ok(!(await readFile(`/proc/${plugged?.pid}/cmdline`, 'utf8')).includes(key.key));
    await next.ensureGuest({
      ...spec,
      disks: [...spec.disks, { ...disk, sizeGb: 2 }],
      boot: { mark: 'again', kind: 'hard' },
    });
    const booted = await processOf(stateDir, spec.id);
    const argv = await readFile(`/proc/${booted?.pid}/cmdline`, 'utf8');
    assert.ok(argv.includes(keyOf(disk.id)) && !argv.includes(key.key));
    const info = JSON.parse(
      (await run(['rbd', '-c', ceph.conf, 'info', '--format', 'json', `volumes/volume-${disk.id}`])).stdout,
    );
    assert.equal(info.size, 2 * 2 ** 30);
  },
);
