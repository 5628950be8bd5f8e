/** The devices of the object ring, what each has, and whether storage hosts may be lost now. */
import { memoryBus } from '#shared/bus/memory.ts';
import { type DeviceState, type Dispersion, mayLose, measureDispersion } from '#shared/ring/dispersion.ts';
import { openReach } from '#shared/ring/reach.ts';
import type { Ring } from '#shared/ring/ring.ts';
import { findRing } from '#shared/ring/ring-file.ts';
import { type Command, Refusal } from '../command.ts';
import { findHome, type Home } from '../settings.ts';

/** Returns 0 when all replicas are in place and every device answers, 1 otherwise. */
export const command: Command = async () => {
  const home = await findHome();
  if (!home) throw new Refusal('There is no cloud here yet; npm start creates one.');
  const ring = findRing(home.directory.path);
  if (!ring) throw new Refusal('This node knows no ring: ask on a management or a storage node.');
  const size = `${ring.replicas} replicas, ${2 ** ring.partPower} partitions, ${ring.devices.length} devices`;
  const state = await stateOf(home, ring);
  const counts = `  partitions with data: ${state?.partitions}, with all replicas in place: ${state?.whole}`;
  const found = state ? [...deviceLines(state.devices), '', counts] : ['  all devices are in the process of the cloud'];
  process.stdout.write(`${[size, '', ...found, ...lossLines(state)].join('\n')}\n`);
  return !state || (state.whole === state.partitions && state.devices.every(({ answers }) => answers)) ? 0 : 1;
};

/** Undefined where the devices are in the process of the cloud, which other processes cannot ask. */
async function stateOf({ cloud }: Home, ring: Ring): Promise<Dispersion | undefined> {
  if (cloud.bus === 'memory') return undefined;
  const bus = memoryBus();
  const reach = openReach(bus, ring);
  try {
    return await measureDispersion(ring, reach);
  } finally {
    reach.close();
    await bus.close();
  }
}

/** For `wattle status`; nothing on a node that has neither proxies nor devices of the ring. */
export async function storageLines(home: Home): Promise<string[]> {
  const ring = findRing(home.directory.path);
  return ring ? lossLines(await stateOf(home, ring)) : [];
}

const lossLines = (state: Dispersion | undefined): string[] =>
  [1, 2].map((count) => {
    const answer = state ? mayLose(count, state) : 'no, because the ring is on one host';
    return `  may ${count === 1 ? 'one storage host' : 'two storage hosts'} be lost now?`.padEnd(37) + answer;
  });

function deviceLines(devices: readonly DeviceState[]): string[] {
  const rows = devices.map(({ device: { key, address, weight }, answers, partitions, handoffs }) => [
    ...[key, address, String(weight), answers ? 'answers' : 'does not answer'],
    answers ? String(partitions) : '-',
    answers ? String(handoffs) : '-',
  ]);
  const all = [['device', 'agent', 'weight', 'state', 'partitions', 'for others'], ...rows];
  const widths = all[0]?.map((_, at) => Math.max(...all.map((row) => row[at]?.length ?? 0))) ?? [];
  return all.map((row) => `  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
}
