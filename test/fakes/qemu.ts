/** What tests of the QEMU driver share: real QEMU, guests without an operating system. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as nodeTest, type TestContext } from 'node:test';
import type { DiskSpec } from '#shared/contracts/compute-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import { run } from '#shared/process/run.ts';
import type { ImageApi } from '../../services/compute-agent/drivers/qemu/images.ts';
import { findProcess, isRoot } from '../../services/compute-agent/drivers/qemu/processes.ts';
import type { GuestRecord } from '../../services/compute-agent/drivers/qemu/record.ts';
import { diskSpec } from './compute-host.ts';

const hasQemu = spawnSync('qemu-system-x86_64', ['--version']).status === 0;
const skip = !hasQemu && 'qemu-system-x86_64 is not installed';
export const qemuTest = (name: string, work: (t: TestContext) => Promise<void>) => nodeTest(name, { skip }, work);
export const rootTest = (name: string, work: (t: TestContext) => Promise<void>) =>
  nodeTest(name, { skip: skip || (!isRoot && 'only root can do it') }, work);

export const recordOf = async (stateDir: string, id: string): Promise<GuestRecord> =>
  JSON.parse(await readFile(join(stateDir, 'guests', id, 'guest.json'), 'utf8'));

export async function processOf(stateDir: string, id: string) {
  const { uid } = await recordOf(stateDir, id);
  return findProcess(join(stateDir, 'guests', id), id, uid);
}

/** Matches the message or the details of a Fault. */
export const faultMatching = (pattern: RegExp) => (error: unknown) =>
  error instanceof Fault && pattern.test(`${error.message} ${error.details ?? ''}`);

/** An image API with one image: a qcow2 of 64 MiB, with the changes of the test. */
export async function oneImage(
  t: TestContext,
  changes: { createArgs?: string[]; hash?: string; format?: string; size?: string } = {},
) {
  const dir = await mkdtemp(join(tmpdir(), 'image-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'image');
  await writeFile(join(dir, 'below'), 'x'.repeat(65_536));
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', ...(changes.createArgs ?? []), path, changes.size ?? '64M'], {
    cwd: dir,
  });
  const bytes = await readFile(path);
  const value = changes.hash ?? createHash('sha512').update(bytes).digest('hex');
  const calls = { downloads: 0 };
  const sent: Buffer[] = [];
  const api: ImageApi = {
    find: async (id) => ({
      status: { waiting: 'queued', stuck: 'saving' }[id] ?? 'active',
      format: changes.format ?? 'qcow2',
      container: 'bare',
      sizeBytes: bytes.length,
      hash: { algorithm: 'sha512', value },
    }),
    download: async () => {
      calls.downloads += 1;
      return createReadStream(path);
    },
    upload: async (_, body) => {
      for await (const chunk of body) sent.push(chunk as Buffer);
    },
  };
  return { api, calls, dir, sent };
}

export const imageDisk = (changes: Partial<DiskSpec> = {}): DiskSpec =>
  diskSpec({ id: 'root', bootIndex: 0, source: { kind: 'image', imageId: 'one', format: 'qcow2' }, ...changes });
