/** The ring in words and tables. */
import { type DeviceCopies, mayLose, type RingReport } from '#shared/ring/dispersion.ts';
import type { Placement } from '#shared/ring/placement.ts';
import type { Device } from '#shared/ring/ring.ts';
import { Refusal } from '../command.ts';
import { durationOf, tableOf } from '../rack/nodes.ts';

const mb = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
const gb = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

export function describeRing(placement: Placement, report: RingReport, now = Date.now()): string {
  const { devices, whole, partitions } = report.dispersion;
  const rows = devices.map((device) => rowOf(device, placement.version, now));
  const head = ['DEVICE', 'WEIGHT', 'REPLICAS', 'PARTITIONS', 'FOR OTHERS', 'GB FREE/TOTAL', 'RING', 'REPAIR'];
  const size = `ring version ${placement.version}, ${placement.replicas} replicas, ${2 ** placement.partPower} partitions`;
  const counts = `partitions with data: ${partitions}, with all replicas in place: ${whole}`;
  return `${tableOf([head, ...rows])}\n${[size, counts, ...lossLines(report)].join('\n')}\n`;
}

export const lossLines = ({ dispersion }: RingReport): string[] =>
  [1, 2].map((count) =>
    `may ${count === 1 ? 'one storage host' : 'two storage hosts'} be lost now?`
      .padEnd(35)
      .concat(mayLose(count, dispersion)),
  );

function rowOf(copies: DeviceCopies, version: number, now: number): string[] {
  const { device, assigned, partitions, handoffs, answers, state } = copies;
  const counts = [device.key, String(device.weight), String(assigned)];
  if (!answers || !state) return [...counts, '-', '-', '-', '-', 'does not answer'];
  const { freeBytes, totalBytes, ringVersion } = state;
  const ring = ringVersion === version ? String(version) : `${ringVersion}, not ${version} yet`;
  return [
    ...counts,
    String(partitions),
    String(handoffs),
    `${gb(freeBytes)}/${gb(totalBytes)}`,
    ring,
    repairOf(state, now),
  ];
}

function repairOf({ repair, quarantined, unannounced }: NonNullable<DeviceCopies['state']>, now: number): string {
  const { startedAt, endedAt, compared, differing, objects, bytes } = repair;
  const running = `${compared} of ${differing} differing partitions compared`;
  const pass = endedAt >= startedAt ? `pass ended ${durationOf(now - endedAt)} ago` : running;
  return [
    startedAt === 0 ? 'no pass yet' : pass,
    ...(objects > 0 ? [`sent ${objects} objects, ${mb(bytes)}`] : []),
    ...(quarantined > 0 ? [`${quarantined} quarantined`] : []),
    ...(unannounced > 0 ? [`${unannounced} entries waiting`] : []),
  ].join(', ');
}

/** A device by its key, or by a part of it that no other has. Throws Refusal. */
export function findDevice({ devices }: Placement, text: string | undefined): Device {
  if (!text) throw new Refusal('a device is missing; wattle ring prints them');
  const found = devices.filter(({ key }) => key === text);
  const near = found.length > 0 ? found : devices.filter(({ key }) => key.includes(text));
  if (near.length === 1 && near[0]) return near[0];
  const all = (near.length > 0 ? near : devices).map(({ key }) => key).join(', ');
  throw new Refusal(
    near.length === 0 ? `there is no device ${text}; devices are ${all}` : `${text} may be any of ${all}`,
  );
}
