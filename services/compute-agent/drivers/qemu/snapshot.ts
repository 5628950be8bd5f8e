/** A copy of a guest's root disk, whole and without a base, sent to an image that waits for it. */
import { open, rm, truncate } from 'node:fs/promises';
import type { ImageUpload } from '#shared/contracts/compute-agent.ts';
import { Fault, notFound } from '#shared/errors/fault.ts';
import { copyImage, createQcow2 } from '#shared/images/qemu-img.ts';
import { isLocal, keyOf } from './devices.ts';
import { makeFileFor, overlayOf } from './disks.ts';
import type { Guest, QemuHost } from './host.ts';
import { within } from './paths.ts';
import { checkOverlay, virtualBytes, withSpace } from './qemu-img.ts';
import { type Qmp, QmpRefused } from './qmp.ts';

/** Sent already when the image no longer waits: the answer was lost, the work is not done twice. */
export async function sendSnapshot(host: QemuHost, { serverId, imageId, format }: ImageUpload): Promise<void> {
  const guest = host.guests.get(serverId);
  if (!guest) throw notFound('Instance', serverId);
  const { status } = await host.api.find(imageId);
  if (status === 'active') return;
  if (status !== 'queued') throw new Error(`image ${imageId} is ${status}: an upload that died is not forgotten yet`);
  const path = host.places.of(serverId, within.snapshot);
  try {
    await withSpace('the snapshot', copyRoot(host, guest, path, format));
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
  const place = { uid: record.uid, cwd };
  const disk = host.places.of(record.id, within.disk(key));
  const bytes = await virtualBytes(disk, 'qcow2');
  if (!running) {
    await checkOverlay(disk);
    const from = overlayOf(key, record.bases[key]);
    const to = { driver: format, path: within.snapshot };
    return host.room.within((signal) => copyImage(place, { from, to, bytes, compress: format === 'qcow2', signal }));
  }
  if (format === 'raw') await truncate(path, bytes);
  else await createQcow2(place, { path: within.snapshot, bytes });
  await host.room.within((signal) => backUp(running.qmp, key, format, signal));
}

const job = 'snapshot';

/** While the guest runs: what it writes meanwhile goes to its disk only, the copy is of one moment. */
async function backUp(qmp: Qmp, device: string, format: string, signal: AbortSignal): Promise<void> {
  await forget(qmp);
  await qmp.execute('blockdev-add', { driver: 'file', 'node-name': `${job}-file`, filename: within.snapshot });
  await qmp.execute('blockdev-add', {
    driver: format,
    'node-name': job,
    file: `${job}-file`,
    ...(format === 'qcow2' ? { backing: null } : {}),
  });
  try {
    const kept = { 'auto-dismiss': false }; // so that how it ended can be asked, however late
    const ended = ended_(qmp, signal);
    ended.catch(() => {}); // heard below, or when the job does not begin
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
    await forget(qmp);
  }
}

interface Job {
  readonly id: string;
  readonly status: string;
  readonly error?: string;
}
const jobs = (qmp: Qmp) => qmp.execute<Job[]>('query-jobs');

/** However large: as long as the job lives. Its end is an event, and asked for besides. */
async function ended_(qmp: Qmp, signal?: AbortSignal): Promise<void> {
  for (;;) {
    await qmp.heard(
      ({ event, data }) => event === 'JOB_STATUS_CHANGE' && data?.status === 'concluded' && data.id === job,
      5_000,
      signal,
    );
    signal?.throwIfAborted();
    const mine = (await jobs(qmp)).find(({ id }) => id === job);
    if (!mine || mine.status === 'concluded') return;
  }
}

/** An agent that died in the middle left a copy half made, and QEMU may still be at it. */
export async function dropSnapshot(host: QemuHost, { record, running }: Guest): Promise<void> {
  if (running) await forget(running.qmp);
  await rm(host.places.of(record.id, within.snapshot), { force: true });
}

/** Ends what an earlier attempt left; content when there is nothing. */
async function forget(qmp: Qmp): Promise<void> {
  const ifRefused = (error: unknown) => {
    if (!(error instanceof QmpRefused)) throw error;
  };
  if ((await jobs(qmp)).some(({ id, status }) => id === job && status !== 'concluded')) {
    const over = ended_(qmp);
    await qmp.execute('job-cancel', { id: job }).catch(ifRefused);
    await over;
  }
  await qmp.execute('job-dismiss', { id: job }).catch(ifRefused);
  for (const node of [job, `${job}-file`]) await qmp.execute('blockdev-del', { 'node-name': node }).catch(ifRefused);
}
