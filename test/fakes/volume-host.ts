/** Storage hosts for tests: a fake one, and one with files that tgtd exports to QEMU's initiator. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { IscsiTarget, VolumeAgent } from '#shared/contracts/volume-agent.ts';
import { notFound } from '#shared/errors/fault.ts';
import { silentLog } from '#shared/log/log.ts';
import { tryRun } from '#shared/process/run.ts';
import { backupsOf } from '../../services/volume-agent/drivers/backups/backups.ts';
import { directoryTarget, memoryTarget } from '../../services/volume-agent/drivers/backups/target.ts';
import type { ImageStore, VolumeStore } from '../../services/volume-agent/drivers/driver.ts';
import { openFake, openFakeExports } from '../../services/volume-agent/drivers/fake.ts';
import { openFiles } from '../../services/volume-agent/drivers/file/file.ts';
import { openLvm } from '../../services/volume-agent/drivers/lvm/lvm.ts';
import { openRbdExports } from '../../services/volume-agent/drivers/rbd/exports.ts';
import { openRbd } from '../../services/volume-agent/drivers/rbd/rbd.ts';
import { stopDaemon } from '../../services/volume-agent/drivers/tgt/daemon.ts';
import { openTgt } from '../../services/volume-agent/drivers/tgt/exports.ts';
import { volumesOf } from '../../services/volume-agent/operations.ts';
import { freePort } from './free-port.ts';

export const blank = { kind: 'blank' } as const;
export const initiator = {
  id: 'a1',
  initiator: 'iqn.2026-11.test:host-1',
  user: 'someone',
  secret: 'a-secret-of-16-ch',
};
export const other = { id: 'a2', initiator: 'iqn.2026-11.test:host-2', user: 'somebody', secret: 'another-secret-16' };
const hasTgt = (await tryRun(['tgtd', '--version']).catch(() => undefined)) !== undefined;

interface Host {
  readonly agent: VolumeAgent;
  readonly store: VolumeStore;
  readonly directory: string;
  readonly restart: () => Promise<VolumeAgent>;
}

async function fakeHost(): Promise<Host> {
  const parts = { store: openFake({ pool: 'fake', totalGb: 100 }), exporter: openFakeExports('127.0.0.1:3260') };
  const agent = volumesOf({ ...parts, images: noImages, backups: backupsOf(memoryTarget()) });
  return { agent, store: parts.store, directory: '', restart: async () => agent };
}

export const noImages: ImageStore = {
  download: async (id) => Promise.reject(notFound('Image', id)),
  upload: async () => {},
};

export async function fileHost(t: TestContext, images: ImageStore = noImages, port?: number): Promise<Host> {
  const directory = await mkdtemp(join(tmpdir(), 'volume, agent-'));
  const portal = `127.0.0.1:${port ?? (await freePort())}`;
  const open = async () => {
    const store = await openFiles({ directory: join(directory, 'pool'), pool: 'pool', images, maxImageGb: 1 });
    const exporter = await openTgt({ directory, portal, watchMs: 50, log: silentLog() });
    const agent = volumesOf({ store, exporter, images, backups: backupsIn(directory) });
    return { agent, store, close: exporter.close };
  };
  return openHost(t, directory, open, () => stopDaemon(directory));
}

const backupsIn = (directory: string) => backupsOf(directoryTarget(join(directory, 'backups')));

interface Opened {
  readonly agent: VolumeAgent;
  readonly store: VolumeStore;
  close(): Promise<void>;
}

/** Closed and removed after the test. */
async function openHost(
  t: TestContext,
  directory: string,
  open: () => Promise<Opened>,
  end: () => Promise<void> = async () => {},
): Promise<Host> {
  let opened: Opened | undefined;
  t.after(async () => {
    await opened?.close();
    await end();
    await rm(directory, { recursive: true });
  });
  const restart = async () => {
    await opened?.close();
    opened = await open();
    return opened;
  };
  const { agent, store } = await restart();
  return { agent, store, directory, restart: async () => (await restart()).agent };
}

export const drivers: [string, (t: TestContext) => Promise<Host>][] = [['fake', fakeHost]];
if (hasTgt) drivers.push(['file', (t) => fileHost(t)]);

/** `group/pool` of LVM, in a guest that has it: test/storage-guest. */
const thinPool = process.env.WATTLE_TEST_LVM?.split('/');

async function lvmHost(t: TestContext): Promise<Host> {
  const [group = '', pool = ''] = thinPool ?? [];
  const directory = await mkdtemp(join(tmpdir(), 'volume-agent-'));
  const portal = `127.0.0.1:${await freePort()}`;
  const open = async () => {
    const store = await openLvm({ group, pool, directory: join(directory, 'lvm'), images: noImages, maxImageGb: 1 });
    const exporter = await openTgt({ directory, portal, watchMs: 50, log: silentLog(), below: `/dev/${group}` });
    const agent = volumesOf({ store, exporter, images: noImages, backups: backupsIn(directory) });
    return { agent, store, close: exporter.close };
  };
  return openHost(t, directory, open, () => stopDaemon(directory));
}
if (thinPool) drivers.push(['lvm', lvmHost]);

/** The folder of a Ceph cluster: test/ceph. */
const cephDirectory = process.env.WATTLE_TEST_CEPH;

export async function rbdHost(t: TestContext, images: ImageStore = noImages, purgeMs = 200): Promise<Host> {
  const directory = await mkdtemp(join(tmpdir(), 'volume-agent-'));
  const ceph = {
    conf: join(cephDirectory ?? '', 'ceph.conf'),
    user: 'wattle-volume',
    pool: 'volumes',
    balanceReads: true,
  };
  const open = async () => {
    const log = silentLog();
    const opened = await openRbd({ ...ceph, directory: join(directory, 'rbd'), images, maxImageGb: 1, purgeMs, log });
    const exporter = await openRbdExports({ rbd: opened.rbd, directory, log });
    const agent = volumesOf({ store: opened.store, exporter, images, backups: backupsIn(directory) });
    return { agent, store: opened.store, close: opened.close };
  };
  return openHost(t, directory, open);
}
if (cephDirectory) drivers.push(['rbd', (t) => rbdHost(t)]);

export async function grant(agent: VolumeAgent, volumeId: string, to: typeof initiator, readOnly = false) {
  const target = await agent.ensureGrant({ volumeId, readOnly, ...to });
  return target as IscsiTarget;
}

interface As {
  readonly initiator: string;
  readonly user: string;
  readonly secret: string;
}

/** Logs in with QEMU's initiator and returns its output: the size of the disk, or the error. */
export async function logIn(t: TestContext, target: IscsiTarget, as: As | { readonly initiator: string }, io?: string) {
  const args = await loginArgs(t, target, as);
  const command = io === undefined ? ['qemu-img', 'info'] : ['qemu-io', '-c', io];
  return tryRun([...command, ...args], { timeoutMs: 20_000 });
}

/** An initiator that stays logged in, as a guest's does; `send` gives it another command. */
export async function stayLoggedIn(t: TestContext, target: IscsiTarget, as: As) {
  const child = spawn('qemu-io', await loginArgs(t, target, as), { stdio: ['pipe', 'pipe', 'ignore'] });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return { send: (io: string) => child.stdin.write(`${io}\n`), output: () => output };
}

async function loginArgs(
  t: TestContext,
  target: IscsiTarget,
  as: As | { readonly initiator: string },
): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'initiator-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const secretFile = join(directory, 'secret');
  await writeFile(secretFile, 'secret' in as ? as.secret : '', { mode: 0o600 });
  const account = 'secret' in as ? `,user=${as.user},password-secret=s` : '';
  const at = `driver=iscsi,transport=tcp,portal=${target.portal},target=${target.iqn},lun=${target.lun}`;
  return [
    '--object',
    `secret,id=s,file=${secretFile}`,
    '--image-opts',
    `${at},initiator-name=${as.initiator}${account}`,
  ];
}

export async function imagesWith(t: TestContext, path: string, uploaded: Buffer[] = []): Promise<ImageStore> {
  t.after(() => rm(path, { force: true }));
  return {
    download: async () => createReadStream(path),
    upload: async (_id, { stream }) => {
      for await (const chunk of stream) uploaded.push(chunk as Buffer);
    },
  };
}

const skip = !hasTgt && 'tgtd is not installed';
export const tgtTest = (name: string, work: (t: TestContext) => Promise<void>) => test(name, { skip }, work);
