/**
 * Whether the replicas of all data are where the ring has them, from what the devices hold now: each is asked for a digest of every
 * partition. A partition whose primaries differ counts as data in one place, because the newest of it may be on one alone.
 */
import type { Kind } from '#shared/contracts/object-agent.ts';
import type { DeviceState } from '#shared/contracts/object-device.ts';
import { fieldsOf, isHash, jsonFrom, Malformed } from './grammar.ts';
import { askDevice, type Reach } from './reach.ts';
import { type Device, nodesOf, type Ring } from './ring.ts';

export interface DeviceCopies {
  readonly device: Device;
  readonly answers: boolean;
  /** What the device says of itself; undefined when it does not answer. */
  readonly state: DeviceState | undefined;
  /** Replicas of partitions that the ring gives it. */
  readonly assigned: number;
  /** Partitions with data for which it is a primary, and others that it keeps for an unreachable primary. */
  readonly partitions: number;
  readonly handoffs: number;
}

export interface Dispersion {
  readonly devices: readonly DeviceCopies[];
  /** Partitions of accounts, containers and objects that have data. */
  readonly partitions: number;
  /** Of these, the ones whose primaries all have the same. */
  readonly whole: number;
  /** Of these, the ones whose reachable primaries differ. */
  readonly differing: number;
  /** The partitions that are not whole in one of the kinds. */
  readonly broken: readonly number[];
  /** How many partitions are on so many hosts with the same data: [hosts, partitions]. */
  readonly byHosts: readonly (readonly [hosts: number, partitions: number])[];
  /** The number of storage hosts that may be lost at once without losing data. */
  readonly spareHosts: number;
}

const kinds: readonly Kind[] = ['account', 'container', 'object'];
const hostOf = ({ address }: Device): string => address.replace(/:\d+$/, '');

/** By kind and partition, `object/17`. */
type Held = ReadonlyMap<string, string>;

export async function measureDispersion(ring: Ring, reach: Reach): Promise<Dispersion> {
  const said = await Promise.all(
    ring.devices.map(async (device) => {
      const [found, state] = await Promise.all([heldBy(reach, device), stateOf(reach, device)]);
      return { device, found, state };
    }),
  );
  const held = new Map(said.map(({ device, found }) => [device, found]));
  const used = new Set([...held.values()].flatMap((found) => [...(found?.keys() ?? [])]));
  const states = [...used].map((key) => ({ partition: partitionIn(key), ...judge(ring, held, key) }));
  const usual = new Set(ring.devices.map(hostOf)).size;
  const fewest = Math.min(usual, ring.replicas, ...states.map(({ hosts }) => hosts));
  return {
    devices: said.map(({ device, found, state }) => copiesOf(ring, device, found, state)),
    partitions: used.size,
    whole: states.filter(({ isWhole }) => isWhole).length,
    differing: states.filter(({ isDiffering }) => isDiffering).length,
    broken: [...new Set(states.filter(({ isWhole }) => !isWhole).map(({ partition }) => partition))],
    byHosts: [...Map.groupBy(states, ({ hosts }) => hosts)].map(([hosts, some]) => [hosts, some.length]),
    spareHosts: Math.max(0, fewest - 1),
  };
}

/** Undefined when the device does not answer for all kinds. */
async function heldBy(reach: Reach, device: Device): Promise<Held | undefined> {
  const found = new Map<string, string>();
  for (const kind of kinds) {
    const query = { ask: 'digests' };
    const answer = await askDevice(reach, device, { kind, method: 'REPLICATE', partition: 0, path: [], query });
    if (answer?.status !== 200) return undefined;
    for (const [partition, digest] of Object.entries(fieldsOf(jsonFrom(answer.body ?? ''), 'digests'))) {
      if (!isHash(digest)) throw new Malformed(partition);
      found.set(`${kind}/${partition}`, digest);
    }
  }
  return found;
}

/** Undefined when the device does not answer. */
async function stateOf(reach: Reach, device: Device): Promise<DeviceState | undefined> {
  const query = { ask: 'state' };
  const answer = await askDevice(reach, device, {
    kind: 'account',
    method: 'REPLICATE',
    partition: 0,
    path: [],
    query,
  });
  return answer?.status === 200 ? (jsonFrom(answer.body) as DeviceState) : undefined;
}

const partitionIn = (key: string): number => Number(key.split('/')[1]);

function judge(ring: Ring, held: ReadonlyMap<Device, Held | undefined>, key: string) {
  const { primaries } = nodesOf(ring, partitionIn(key));
  const reachable = primaries.filter((device) => held.get(device) !== undefined);
  const digests = new Set(reachable.map((device) => held.get(device)?.get(key)));
  const isDiffering = digests.size > 1;
  const isMissing = digests.size === 0 || digests.has(undefined);
  const hosts = isDiffering || isMissing ? 1 : new Set(reachable.map(hostOf)).size;
  return {
    hosts,
    isDiffering,
    isWhole: hosts > 0 && !isDiffering && !isMissing && reachable.length === primaries.length,
  };
}

function copiesOf(ring: Ring, device: Device, found: Held | undefined, state: DeviceState | undefined): DeviceCopies {
  const isOwn = (key: string) => nodesOf(ring, partitionIn(key)).primaries.includes(device);
  const keys = [...(found?.keys() ?? [])];
  const partitions = keys.filter(isOwn).length;
  const assigned = [...Array(2 ** ring.partPower).keys()].filter((at) => nodesOf(ring, at).primaries.includes(device));
  return {
    ...{ device, state, answers: found !== undefined, assigned: assigned.length },
    ...{ partitions, handoffs: keys.length - partitions },
  };
}

/** `yes, …` or `no, because …`: whether so many storage hosts may be lost now. */
export function mayLose(count: number, { spareHosts, devices, differing, byHosts }: Dispersion): string {
  if (spareHosts >= count) return `yes, all data is the same on at least ${spareHosts + 1} hosts`;
  const away = devices.filter(({ answers }) => !answers).map(({ device }) => device.key);
  const hosts = new Set(devices.map(({ device }) => hostOf(device))).size;
  const few = [...byHosts].reduce((sum, [number, some]) => (number <= count ? sum + some : sum), 0) - differing;
  const reasons = [
    ...(hosts <= count ? [`the ring is on ${hosts === 1 ? 'one host' : `${hosts} hosts`}`] : []),
    ...(away.length > 0 ? [`${away.join(', ')} ${away.length === 1 ? 'does' : 'do'} not answer`] : []),
    ...(differing > 0 ? [`${differing} partitions are not repaired yet`] : []),
    ...(few > 0 && hosts > count ? [`${few} partitions are on ${count} or fewer hosts`] : []),
  ];
  return `no, because ${reasons.join(', and ') || `the ring keeps ${spareHosts + 1} replicas`}`;
}

/** The answer of the object store to `GET /recon/ring`. */
export interface RingReport {
  /** The version of the ring that the answering proxy uses. */
  readonly version: number;
  readonly replicas: number;
  readonly dispersion: Dispersion;
}
