/** Uploads a flattened copy of a guest's root disk to a queued image. */
import { open, rm, truncate } from 'node:fs/promises';
import { type ImageUpload, isLocal } from '#shared/contracts/compute-agent.ts';
import { Fault, notFound } from '#shared/errors/fault.ts';
import { copyImage, createQcow2 } from '#shared/images/qemu-img.ts';
import { keyOf } from './devices.ts';
import { makeFileFor, overlayOf } from './disks.ts';
import type { Guest, QemuHost } from './host.ts';
import { guestPaths } from './paths.ts';
import { checkOverlay, faultOnFullDisk, virtualBytes } from './qemu-img.ts';
import { type Qmp, QmpRefused } from './qmp.ts';

/** Idempotent: an active image means that an earlier upload succeeded and its reply was lost. */
export async function uploadSnapshot(host: QemuHost, { serverId, imageId, format }: ImageUpload): Promise<void> {
  const guest = host.guests.get(serverId);
  if (!guest) throw notFound('Instance', serverId);
  const { status } = await host.api.find(imageId);
  if (status === 'active') return;
  if (status !== 'queued')
    throw new Error(`image ${imageId} is ${status}: an interrupted upload has not been reset yet`);
  const path = host.places.of(serverId, guestPaths.snapshot);
  try {
    await faultOnFullDisk('the snapshot', copyRoot(host, guest, path, format));
    const file = await open(path, 'r');
    const { size } = await file.stat();
    await host.api.upload(imageId, file.createReadStream(), size);
  } finally {
    await rm(path, { force: true });
  }
}

async function copyRoot(host: QemuHost, guest: Guest, path: string, format: 'qcow2' | 'raw'): Promise<void> {
  const { record, running } = guest;
  const root = record.spec.disks.find(({ bootIndex }) => bootIndex === 0);
  if (!root || !isLocal(root)) throw new Fault(409, 'conflict', `Guest ${record.id} has no root disk of its own.`);
  const key = keyOf(root.id);
  await makeFileFor(record.uid, path);
  const cwd = host.places.guest(record.id);
  const runAs = { uid: record.uid, cwd };
  const disk = host.places.of(record.id, guestPaths.disk(key));
  const bytes = await virtualBytes(disk, 'qcow2');
  if (!running) {
    await checkOverlay(disk);
    const from = overlayOf(key, record.bases[key]);
    const to = { driver: format, path: guestPaths.snapshot };
    return host.room.within((signal) => copyImage(runAs, { from, to, bytes, compress: format === 'qcow2', signal }));
  }
  if (format === 'raw') await truncate(path, bytes);
  else await createQcow2(runAs, { path: guestPaths.snapshot, bytes });
  await host.room.within((signal) => backUp(running.qmp, key, format, signal));
}

const job = 'snapshot';

/** Copies the disk of a running guest as of one point in time. */
async function backUp(qmp: Qmp, device: string, format: string, signal: AbortSignal): Promise<void> {
  await cleanUpJob(qmp);
  await qmp.execute('blockdev-add', { driver: 'file', 'node-name': `${job}-file`, filename: guestPaths.snapshot });
  await qmp.execute('blockdev-add', {
    driver: format,
    'node-name': job,
    file: `${job}-file`,
    ...(format === 'qcow2' ? { backing: null } : {}),
  });
  try {
    const kept = { 'auto-dismiss': false }; // keeps the result of the job until it is read
    const ended = waitForJobEnd(qmp, signal);
    ended.catch(() => {}); // awaited below, unless the job does not start
    await qmp.execute('blockdev-backup', {
      'job-id': job,
      device,
      target: job,
      sync: 'full',
      compress: format === 'qcow2',
      ...kept,
    });
    await ended;
    const error = (await jobs(qmp)).find(({ id }) => id === job)?.error;
    if (error !== undefined) throw new Error(`backup of ${device}: ${error}`);
  } finally {
    await cleanUpJob(qmp);
  }
}

interface Job {
  readonly id: string;
  readonly status: string;
  readonly error?: string;
}
const jobs = (qmp: Qmp) => qmp.execute<Job[]>('query-jobs');

/** Waits without a time limit while the job exists: for the event, and by polling in case it is missed. */
async function waitForJobEnd(qmp: Qmp, signal?: AbortSignal): Promise<void> {
  for (;;) {
    await qmp.waitForEvent(
      ({ event, data }) => event === 'JOB_STATUS_CHANGE' && data?.status === 'concluded' && data.id === job,
      5_000,
      signal,
    );
    signal?.throwIfAborted();
    const current = (await jobs(qmp)).find(({ id }) => id === job);
    if (!current || current.status === 'concluded') return;
  }
}

/** Removes the partial copy of an agent that crashed, and cancels the job in QEMU. */
export async function removePartialSnapshot(host: QemuHost, { record, running }: Guest): Promise<void> {
  if (running) await cleanUpJob(running.qmp);
  await rm(host.places.of(record.id, guestPaths.snapshot), { force: true });
}

/** Cancels and removes the job and nodes of an earlier attempt. Idempotent. */
async function cleanUpJob(qmp: Qmp): Promise<void> {
  const ignoreRefusal = (error: unknown) => {
    if (!(error instanceof QmpRefused)) throw error;
  };
  if ((await jobs(qmp)).some(({ id, status }) => id === job && status !== 'concluded')) {
    const over = waitForJobEnd(qmp);
    await qmp.execute('job-cancel', { id: job }).catch(ignoreRefusal);
    await over;
  }
  await qmp.execute('job-dismiss', { id: job }).catch(ignoreRefusal);
  for (const node of [job, `${job}-file`])
    await qmp.execute('blockdev-del', { 'node-name': node }).catch(ignoreRefusal);
}
