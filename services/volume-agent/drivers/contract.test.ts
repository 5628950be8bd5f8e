/** What every driver keeps. The real one is asked by a real initiator: QEMU's. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Target, VolumeAgent } from '#shared/contracts/volume-agent.ts';
import { Fault, notFound } from '#shared/errors/fault.ts';
import { silentLog } from '#shared/log/log.ts';
import { findDetached } from '#shared/process/detached.ts';
import { run, tryRun } from '#shared/process/run.ts';
import { volumesOf } from '../operations.ts';
import type { ImageStore } from './driver.ts';
import { openFake, openFakeExports } from './fake.ts';
import { openFiles } from './file/file.ts';
import { stopDaemon } from './tgt/daemon.ts';
import { openTgt } from './tgt/exports.ts';

const blank = { kind: 'blank' } as const;
const initiator = { id: 'a1', initiator: 'iqn.2026-11.test:host-1', user: 'someone', secret: 'a-secret-of-16-ch' };
const other = { id: 'a2', initiator: 'iqn.2026-11.test:host-2', user: 'somebody', secret: 'another-secret-16' };
const hasTgt = (await tryRun(['tgtd', '--version']).catch(() => undefined)) !== undefined;

interface Host {
  readonly agent: VolumeAgent;
  readonly directory: string;
  readonly restart: () => Promise<VolumeAgent>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function fakeHost(): Promise<Host> {
  const parts = { store: openFake({ pool: 'fake', totalGb: 100 }), exporter: openFakeExports('127.0.0.1:3260') };
  const agent = volumesOf({ ...parts, images: noImages });
  return { agent, directory: '', restart: async () => agent };
}

const noImages: ImageStore = {
  download: async (id) => Promise.reject(notFound('Image', id)),
  upload: async () => {},
};

async function fileHost(t: TestContext, images: ImageStore = noImages, port?: number): Promise<Host> {
  const directory = await mkdtemp(join(tmpdir(), 'volume, agent-'));
  const portal = `127.0.0.1:${port ?? (await freePort())}`;
  let close = async () => {};
  const open = async () => {
    const store = await openFiles({ directory: join(directory, 'pool'), pool: 'pool', images, maxImageGb: 1 });
    const exporter = await openTgt({ directory, portal, watchMs: 50, log: silentLog() });
    close = exporter.close;
    return volumesOf({ store, exporter, images });
  };
  t.after(async () => {
    await close();
    await stopDaemon(directory);
    await rm(directory, { recursive: true });
  });
  const restart = async () => {
    await close();
    return open();
  };
  return { agent: await open(), directory, restart };
}

const kinds: [string, (t: TestContext) => Promise<Host>][] = [['fake', fakeHost]];
if (hasTgt) kinds.push(['file', (t) => fileHost(t)]);

for (const [kind, openHost] of kinds) {
  test(`${kind}: what is made twice is made once, what is gone twice is gone`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    assert.deepEqual(await agent.ensureVolume({ id, sizeGb: 1, source: blank }), { sizeGb: 1 });
    assert.deepEqual(await agent.ensureVolume({ id, sizeGb: 1, source: blank }), { sizeGb: 1 });
    await agent.ensureVolumeGone({ id });
    await agent.ensureVolumeGone({ id });
  });

  test(`${kind}: a volume grows and never shrinks`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    assert.deepEqual(await agent.ensureVolume({ id, sizeGb: 3, source: blank }), { sizeGb: 3 });
    await assert.rejects(agent.ensureVolume({ id, sizeGb: 2, source: blank }), Fault);
  });

  test(`${kind}: a snapshot outlives its volume, and volumes come of both`, async (t) => {
    const { agent } = await openHost(t);
    const [id, snapshot, copy, clone] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    await agent.ensureSnapshot({ id: snapshot, volumeId: id });
    await agent.ensureVolume({ id: clone, sizeGb: 2, source: { kind: 'volume', volumeId: id } });
    await agent.ensureVolumeGone({ id });
    await agent.ensureSnapshot({ id: snapshot, volumeId: id }).catch(() => {});
    await agent.ensureVolume({ id: copy, sizeGb: 1, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } });
    await agent.ensureSnapshotGone({ id: snapshot, volumeId: id });
    await agent.ensureSnapshotGone({ id: snapshot, volumeId: id });
  });

  test(`${kind}: a source that is not there is a Fault, and leaves nothing`, async (t) => {
    const { agent } = await openHost(t);
    const source = { kind: 'snapshot', snapshotId: randomUUID(), volumeId: randomUUID() } as const;
    const id = randomUUID();
    await assert.rejects(agent.ensureVolume({ id, sizeGb: 1, source }), Fault);
    await assert.rejects(grant(agent, id, initiator), Fault);
  });

  test(`${kind}: what is exported cannot grow, what is not any more can`, async (t) => {
    const { agent } = await openHost(t);
    const id = randomUUID();
    await agent.ensureVolume({ id, sizeGb: 1, source: blank });
    assert.equal((await grant(agent, id, initiator)).lun, 1);
    assert.equal((await grant(agent, id, initiator)).lun, 1);
    await assert.rejects(agent.ensureVolume({ id, sizeGb: 2, source: blank }), /exported/);
    await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
    await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
    await agent.ensureVolume({ id, sizeGb: 2, source: blank });
  });
}

const grant = (agent: VolumeAgent, volumeId: string, to: typeof initiator, readOnly = false) =>
  agent.ensureGrant({ volumeId, readOnly, ...to });

interface As {
  readonly initiator: string;
  readonly user: string;
  readonly secret: string;
}

/** What QEMU's own initiator says: the size it sees, or why it may not. */
async function logIn(t: TestContext, target: Target, as: As | { readonly initiator: string }, io?: string) {
  const directory = await mkdtemp(join(tmpdir(), 'initiator-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const secretFile = join(directory, 'secret');
  await writeFile(secretFile, 'secret' in as ? as.secret : '', { mode: 0o600 });
  const account = 'secret' in as ? `,user=${as.user},password-secret=s` : '';
  const at = `driver=iscsi,transport=tcp,portal=${target.portal},target=${target.iqn},lun=${target.lun}`;
  const words = [
    '--object',
    `secret,id=s,file=${secretFile}`,
    '--image-opts',
    `${at},initiator-name=${as.initiator}${account}`,
  ];
  const command = io === undefined ? ['qemu-img', 'info'] : ['qemu-io', '-c', io];
  return tryRun([...command, ...words], { timeoutMs: 20_000 });
}

test('file: only the named initiator with its secret logs in', { skip: !hasTgt }, async (t) => {
  const { agent } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  assert.match((await logIn(t, state, initiator)).stdout, /virtual size: 1 GiB/);
  assert.match((await logIn(t, state, { ...initiator, secret: 'a-wrong-secret-16' })).stderr, /Failed to log in/i);
  assert.match((await logIn(t, state, { initiator: initiator.initiator })).stderr, /Failed to log in/i);
  assert.match(
    (await logIn(t, state, { ...initiator, initiator: 'iqn.2026-11.test:stranger' })).stderr,
    /Failed to log in/i,
  );
});

test('file: initiators come and go without disturbing each other', { skip: !hasTgt }, async (t) => {
  const { agent } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await grant(agent, id, initiator);
  const state = await grant(agent, id, other);
  await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
  assert.notEqual((await logIn(t, state, initiator)).code, 0);
  assert.equal((await logIn(t, state, other)).code, 0);
  await grant(agent, id, initiator);
  assert.equal((await logIn(t, state, initiator)).code, 0);
  await assert.rejects(grant(agent, id, { ...other, secret: 'changed-secret-16' }), /another secret/);
  for (const { id: attachment } of [initiator, other]) await agent.ensureGrantGone({ id: attachment, volumeId: id });
  assert.notEqual((await logIn(t, state, other)).code, 0);
});

test('file: what was written is in the snapshot, and stays so', { skip: !hasTgt }, async (t) => {
  const { agent } = await fileHost(t);
  const [id, snapshot, copy] = [randomUUID(), randomUUID(), randomUUID()];
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  assert.equal((await logIn(t, state, initiator, 'write -P 7 1M 4k')).code, 0);
  await agent.ensureSnapshot({ id: snapshot, volumeId: id });
  assert.equal((await logIn(t, state, initiator, 'write -P 9 1M 4k')).code, 0);
  await agent.ensureVolume({ id: copy, sizeGb: 2, source: { kind: 'snapshot', snapshotId: snapshot, volumeId: id } });
  const copied = await grant(agent, copy, other);
  assert.doesNotMatch((await logIn(t, copied, other, 'read -P 7 1M 4k')).stdout, /Pattern verification failed/);
  assert.match((await logIn(t, copied, other, 'read -P 9 1M 4k')).stdout, /Pattern verification failed/);
});

test('file: a read-only export takes no writes', { skip: !hasTgt }, async (t) => {
  const { agent } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator, true);
  const { stdout, stderr } = await logIn(t, state, initiator, 'write -P 7 0 4k');
  assert.match(stdout + stderr, /write protected/);
});

test('file: a tgtd that dies comes back with everything it served', { skip: !hasTgt }, async (t) => {
  const { agent, directory } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  const [pid] = findDetached('tgtd', directory);
  process.kill(pid ?? 0, 'SIGKILL');
  while (findDetached('tgtd', directory).length === 0 || findDetached('tgtd', directory)[0] === pid) await tick();
  for (let tries = 0; tries < 100 && (await logIn(t, state, initiator)).code !== 0; tries += 1) await tick();
  assert.equal((await logIn(t, state, initiator)).code, 0);
});

const tick = () => new Promise((resolve) => setTimeout(resolve, 20));

test('file: a portal that somebody else has is refused by name, and a grant can be given back', {
  skip: !hasTgt,
}, async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const { agent } = await fileHost(t, noImages, port);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  await assert.rejects(grant(agent, id, initiator), new RegExp(`cannot serve at 127.0.0.1:${port}`));
  await agent.ensureGrantGone({ id: initiator.id, volumeId: id });
  await agent.ensureVolume({ id, sizeGb: 2, source: blank });
});

test('file: tgtd and its sessions outlive the agent, and the next one finds them', { skip: !hasTgt }, async (t) => {
  const { agent, directory, restart } = await fileHost(t);
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: blank });
  const state = await grant(agent, id, initiator);
  const before = findDetached('tgtd', directory);
  const next = await restart();
  assert.deepEqual(findDetached('tgtd', directory), before);
  assert.equal((await logIn(t, state, initiator)).code, 0);
  assert.deepEqual(await grant(next, id, initiator), state);
});

async function imagesWith(t: TestContext, path: string, uploaded: Buffer[] = []): Promise<ImageStore> {
  t.after(() => rm(path, { force: true }));
  return {
    download: async () => createReadStream(path),
    upload: async (_id, { stream }) => {
      for await (const chunk of stream) uploaded.push(chunk as Buffer);
    },
  };
}

test('file: an image becomes a volume, and a volume an image', { skip: !hasTgt }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'image-'));
  t.after(() => rm(directory, { recursive: true }));
  const image = join(directory, 'image.qcow2');
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', image, '64M']);
  await run(['qemu-io', '-f', 'qcow2', '-c', 'write -q -P 5 1M 64k', image]);
  const uploaded: Buffer[] = [];
  const { agent } = await fileHost(t, await imagesWith(t, image, uploaded));
  const id = randomUUID();
  await agent.ensureVolume({ id, sizeGb: 1, source: { kind: 'image', imageId: randomUUID(), format: 'qcow2' } });
  const state = await grant(agent, id, initiator);
  assert.doesNotMatch((await logIn(t, state, initiator, 'read -P 5 1M 64k')).stdout, /failed/);
  await agent.uploadVolume({ id: `${id}/upload`, volumeId: id, imageId: randomUUID(), format: 'qcow2' });
  await writeFile(image, Buffer.concat(uploaded));
  assert.match((await run(['qemu-io', '-f', 'qcow2', '-c', 'read -P 5 1M 64k', image])).stdout, /read 65536/);
});

test('file: an image that lies or points elsewhere is refused, and nothing stays', { skip: !hasTgt }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'image-'));
  t.after(() => rm(directory, { recursive: true }));
  const image = join(directory, 'image');
  const host = await fileHost(t, await imagesWith(t, image));
  const from = (format: string) =>
    host.agent.ensureVolume({ id: randomUUID(), sizeGb: 1, source: { kind: 'image', imageId: randomUUID(), format } });
  await writeFile(image, randomBytes(4096));
  await assert.rejects(from('qcow2'), /not a qcow2 image/);
  await assert.rejects(from('vmdk'), /not a VMDK image/);
  await assert.rejects(from('ami'), /cannot become volumes/);
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-u', '-b', '/etc/passwd', '-F', 'raw', image, '1M']);
  await assert.rejects(from('qcow2'), /backing file/);
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', image, '2G']);
  await assert.rejects(from('qcow2'), /larger than volume size 1GB/);
  for (const place of ['volumes', 'work']) assert.deepEqual(await readdir(join(host.directory, 'pool', place)), []);
});

test('file: a full disk is a clear no, and nothing half written stays', {
  skip: process.getuid?.() !== 0,
}, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'full-'));
  await run(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', directory]);
  t.after(async () => {
    await run(['umount', directory]);
    await rm(directory, { recursive: true });
  });
  const store = await openFiles({ directory, pool: 'pool', images: noImages, maxImageGb: 1 });
  const [id, copy] = [randomUUID(), randomUUID()];
  await store.ensureVolume({ id, sizeGb: 1, source: blank });
  await writeFile(await store.pathOf(id), randomBytes(5 * 2 ** 20), { flag: 'r+' });
  await assert.rejects(store.ensureSnapshot({ id: randomUUID(), volumeId: id }), /the disk is full/);
  await assert.rejects(store.ensureVolume({ id: copy, sizeGb: 1, source: { kind: 'volume', volumeId: id } }), Fault);
  assert.deepEqual(await readdir(join(directory, 'volumes')), [`${id}.raw`]);
  assert.deepEqual(await readdir(join(directory, 'snapshots')), []);
  assert.equal((await stat(join(directory, 'volumes', `${id}.raw`))).size, 2 ** 30);
});

test('file: parts that a dead agent left are gone after its start', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'parts-'));
  t.after(() => rm(directory, { recursive: true }));
  await mkdir(join(directory, 'volumes'), { recursive: true });
  await writeFile(join(directory, 'volumes', 'v.raw.1234.part'), 'half');
  await openFiles({ directory, pool: 'pool', images: noImages, maxImageGb: 1 });
  assert.deepEqual(await readdir(join(directory, 'volumes')), []);
});
