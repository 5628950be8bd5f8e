/**
 * The source of a live migration. Local disks are mirrored first, then the memory follows; when little is left QEMU pauses the
 * guest and waits (pre-switchover). That is the point of no return: the record says `sent` before it goes on, and from then on
 * this host runs the guest again only when compute says so, which it does when the other host has removed it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GuestSend, MoveProgress } from '#shared/contracts/compute-agent.ts';
import { Fault, notFound } from '#shared/errors/fault.ts';
import { keyOf } from '../devices.ts';
import { type Guest, type QemuHost, saveRecord } from '../host.ts';
import { findRunning, powerNow, setRunning } from '../power.ts';
import { type Qmp, QmpRefused } from '../qmp.ts';
import { channelPaths, relayTo } from './tunnel.ts';

/** How long the guest may stand still at the end. */
const downtimeMs = 300;
const pollMs = 50;

interface Migration {
  readonly status?: string;
  readonly 'error-desc'?: string;
  readonly ram?: { readonly total: number; readonly transferred: number; readonly remaining: number };
}
interface Job {
  readonly device: string;
  readonly len: number;
  readonly offset: number;
  readonly ready?: boolean;
}

const migrationOf = (qmp: Qmp) => qmp.execute<Migration>('query-migrate');
const mirrorOf = (key: string) => `mirror-${key}`;
const copyOf = (key: string) => `copy-${key}`;

/** Must run in the queue of the guest. Returns when the guest is on the other host; throws a Fault while it still is here. */
export async function sendGuest(host: QemuHost, spec: GuestSend): Promise<void> {
  const { serverId, transfer } = spec;
  const guest = host.guests.get(serverId);
  if (!guest) throw notFound('Instance', serverId);
  await findRunning(host, guest);
  if (!guest.running) throw new Fault(409, 'conflict', `Instance ${serverId} does not run on this host.`);
  const { qmp } = guest.running;
  const { departure } = guest.record;
  if (departure?.transferId === transfer.id) return resume(host, guest, qmp, departure.sent);
  await saveRecord(host, guest, { departure: { transferId: transfer.id, sent: false } });
  guest.sending = { aborted: false };
  const copies = spec.copies.map(keyOf);
  const to = { address: spec.to, transfer };
  const relays = await Promise.all([relayTo(host, guest, 'memory', to), relayTo(host, guest, 'disks', to)]);
  try {
    await transferAll(host, guest, qmp, copies);
  } catch (error) {
    if (!guest.record.departure?.sent) await stay(host, guest, qmp, copies);
    throw faultOf(error);
  } finally {
    guest.sending = null;
    for (const relay of relays) await relay.close();
  }
}

/** The agent was restarted in the middle, and its connections are gone. */
async function resume(host: QemuHost, guest: Guest, qmp: Qmp, sent: boolean): Promise<void> {
  const { status } = await migrationOf(qmp);
  if (status === 'completed') return;
  if (!sent)
    await stay(
      host,
      guest,
      qmp,
      (await jobsOf(qmp)).map(({ device }) => device.replace(/^mirror-/, '')),
    );
  throw new Fault(500, 'unexpected', 'The live migration was broken off: the agent of the host was restarted.');
}

const faultOf = (error: unknown): Fault =>
  error instanceof Fault
    ? error
    : new Fault(500, 'unexpected', 'The live migration failed.', {
        details: error instanceof Error ? error.message : String(error),
      });

async function transferAll(host: QemuHost, guest: Guest, qmp: Qmp, copies: readonly string[]): Promise<void> {
  const wanted = ['events', 'pause-before-switchover', 'auto-converge', 'return-path'];
  await qmp.execute('migrate-set-capabilities', {
    capabilities: wanted.map((capability) => ({ capability, state: true })),
  });
  await qmp.execute('migrate-set-parameters', { 'downtime-limit': downtimeMs, 'max-bandwidth': 2 ** 40 });
  for (const key of copies) await mirror(guest, qmp, key);
  await qmp.execute('migrate', { uri: `unix:${channelPaths.memory.out}` });
  await until(guest, qmp, ['pre-switchover']);
  for (const key of copies) await endMirror(qmp, key);
  const { departure } = guest.record;
  if (departure) await saveRecord(host, guest, { departure: { ...departure, sent: true } });
  await qmp.execute('migrate-continue', { state: 'pre-switchover' });
  await until(guest, qmp, ['completed']);
}

function refuseAborted({ sending }: Guest): void {
  if (sending?.aborted) throw new Fault(409, 'aborted', 'The live migration was aborted.');
}

async function until(guest: Guest, qmp: Qmp, wanted: readonly string[]): Promise<void> {
  for (;;) {
    const { status = 'none', 'error-desc': problem = status } = await migrationOf(qmp);
    if (wanted.includes(status)) return;
    if (['failed', 'cancelled', 'none'].includes(status)) throw new Error(`QEMU ended it: ${problem}`);
    if (!guest.record.departure?.sent) refuseAborted(guest);
    await sleep(pollMs);
  }
}

const jobsOf = async (qmp: Qmp): Promise<readonly Job[]> =>
  (await qmp.execute<Job[]>('query-block-jobs')).filter(({ device }) => device.startsWith('mirror-'));

/** Only the overlay is copied: the other host has the same base. From `ready` on each write goes to both hosts. */
async function mirror(guest: Guest, qmp: Qmp, key: string): Promise<void> {
  const server = { type: 'unix', path: channelPaths.disks.out };
  await qmp.execute('blockdev-add', { driver: 'nbd', 'node-name': copyOf(key), server, export: key });
  await qmp.execute('blockdev-mirror', {
    'job-id': mirrorOf(key),
    device: key,
    target: copyOf(key),
    sync: 'top',
    'copy-mode': 'write-blocking',
  });
  for (;;) {
    const job = (await jobsOf(qmp)).find(({ device }) => device === mirrorOf(key));
    if (!job) throw new Error(`the copy of disk ${key} has failed`);
    if (job.ready) return;
    refuseAborted(guest);
    await sleep(pollMs);
  }
}

/** Cancelling a mirror that is ready leaves a whole copy. */
async function endMirror(qmp: Qmp, key: string): Promise<void> {
  await qmp.execute('block-job-cancel', { device: mirrorOf(key) }).catch(unlessRefused);
  while ((await jobsOf(qmp)).some(({ device }) => device === mirrorOf(key))) await sleep(pollMs);
  await qmp.execute('blockdev-del', { 'node-name': copyOf(key) }).catch(unlessRefused);
}

const unlessRefused = (error: unknown) => {
  if (!(error instanceof QmpRefused)) throw error;
};

/** The guest goes on here, as if nothing had been. */
async function stay(host: QemuHost, guest: Guest, qmp: Qmp, copies: readonly string[]): Promise<void> {
  for (;;) {
    const { status = 'none' } = await migrationOf(qmp);
    if (['none', 'completed', 'failed', 'cancelled'].includes(status)) break;
    await qmp.execute('migrate_cancel').catch(unlessRefused);
    await sleep(pollMs);
  }
  for (const key of copies) {
    await qmp.execute('block-job-cancel', { device: mirrorOf(key), force: true }).catch(unlessRefused);
    await endMirror(qmp, key);
  }
  await saveRecord(host, guest, { departure: null });
  const { power } = guest.record;
  if (power === 'on' || power === 'paused') await setRunning(guest, power);
}

/** Not in the queue of the guest, in which the migration runs. */
export async function controlSending(guest: Guest, what: 'progress' | 'abort' | 'force'): Promise<MoveProgress | null> {
  const { sending, running } = guest;
  if (!sending || !running) return null;
  if (what === 'abort') sending.aborted = true;
  if (what === 'force' && (await powerNow(guest)).power === 'on') await running.qmp.execute('stop');
  const [{ ram }, jobs] = await Promise.all([migrationOf(running.qmp), jobsOf(running.qmp)]);
  const sum = (of: (job: Job) => number) => jobs.reduce((total, job) => total + of(job), 0);
  return {
    memoryTotal: ram?.total ?? 0,
    memoryProcessed: ram?.transferred ?? 0,
    memoryRemaining: ram?.remaining ?? 0,
    diskTotal: sum(({ len }) => len),
    diskProcessed: sum(({ offset }) => offset),
    diskRemaining: sum(({ len, offset }) => len - offset),
  };
}
