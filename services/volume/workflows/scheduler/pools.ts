/** Chooses the pool of a new volume: filters every pool, keeps the refusals with their numbers, weighs the rest. */
import type { Knex } from 'knex';
import { Fault } from '#shared/errors/fault.ts';
import type { Presence } from '#shared/hosts/presence.ts';
import { own } from '#shared/input/own.ts';
import type { Volumes } from '../../context.ts';
import { type Host, listHosts, lockHost } from '../../hosts/store.ts';
import type { Volume } from '../../volumes/resource.ts';
import { promisedGb } from '../../volumes/store.ts';

export interface Pool {
  readonly host: string;
  readonly hostId: string;
  readonly name: string;
  readonly driver: string;
  readonly totalGb: number;
  readonly freeGb: number;
  readonly reservedGb: number;
  readonly thin: boolean;
  readonly features: readonly string[];
  /** How guests reach it: iSCSI, or ceph. */
  readonly protocol: string;
  readonly replicas: number;
  readonly balancedReads: boolean;
  readonly promisedGb: number;
  readonly isEnabled: boolean;
  readonly isFrozen: boolean;
  readonly isAvoided: boolean;
  /** How long its host has not reported. */
  readonly silentMs: number;
}

/** The name of a pool in the API: host@driver#pool. */
export const poolName = ({ host, driver, name }: Pick<Pool, 'host' | 'driver' | 'name'>) => `${host}@${driver}#${name}`;

export async function listPools({ db, presence }: Pick<Volumes, 'db' | 'presence'>): Promise<Pool[]> {
  const [hosts, promised] = [await listHosts(db), await promisedGb(db)];
  return hosts.flatMap((host) => poolsOf(presence, host, promised.get(host.name) ?? 0));
}

const poolsOf = (presence: Presence, { name, report, enabled, frozen, reportedAt }: Host, promised: number): Pool[] =>
  report.pools.map((pool) => ({
    host: name,
    hostId: report.hostId,
    name: pool.name,
    driver: pool.driver,
    totalGb: pool.totalGb,
    freeGb: pool.freeGb,
    reservedGb: pool.reservedGb ?? 0,
    thin: pool.thin,
    features: pool.features,
    protocol: pool.protocol ?? 'iSCSI',
    replicas: pool.replicas ?? 1,
    balancedReads: pool.balancedReads ?? false,
    promisedGb: promised,
    isEnabled: enabled,
    isFrozen: frozen,
    isAvoided: presence.isAvoided(name),
    silentMs: Math.max(presence.silentMs(name), Date.now() - reportedAt),
  }));

interface Need {
  readonly sizeGb: number;
  readonly extraSpecs: Readonly<Record<string, string>>;
  /** The host that has the source; null when any host will do. */
  readonly host: string | null;
}

export interface Candidate {
  readonly pool: string;
  /** The refusal of the first filter that failed; null when all passed. */
  readonly refusal: string | null;
  readonly weight: number;
}

interface Choice {
  readonly pool: Pool;
  readonly candidates: readonly Candidate[];
}

type Filter = (pool: Pool, need: Need, service: Pick<Volumes, 'config'>) => string | null;

const seconds = (ms: number) => Math.round(ms / 1000);

/** Each returns why the pool cannot take the volume, or null. */
const filters: readonly Filter[] = [
  ({ isEnabled }) => (isEnabled ? null : 'is disabled by an administrator'),
  ({ isFrozen }) => (isFrozen ? 'is frozen by an administrator' : null),
  ({ isAvoided, silentMs }) => (isAvoided ? `is down, or was of late: reported ${seconds(silentMs)} s ago` : null),
  ({ host }, need) =>
    need.host === null || need.host === host ? null : `does not have the source, which is on ${need.host}`,
  isOfType,
  hasRoom,
];

export const vendor = 'Wattle';

/** The extra specs that a pool is matched against: keys without a scope, or with the scope `capabilities`. */
const capabilities: Readonly<Record<string, (pool: Pool) => readonly (string | boolean)[]>> = {
  volume_backend_name: ({ driver, name }) => [driver, name],
  pool_name: ({ name }) => [name],
  vendor_name: () => [vendor],
  storage_protocol: ({ protocol }) => [protocol],
  replicas: ({ replicas }) => [String(replicas)],
  balanced_reads: ({ balancedReads }) => [balancedReads],
  thin_provisioning_support: ({ thin }) => [thin],
  thick_provisioning_support: ({ thin }) => [!thin],
  multiattach: () => [true],
};

/** Why the pool has not what the extra specs of a type ask for. */
export const typeRefusal = (pool: Pool, extraSpecs: Need['extraSpecs']): string | null =>
  isOfType(pool, { sizeGb: 0, extraSpecs, host: null });

function isOfType(pool: Pool, { extraSpecs }: Need): string | null {
  const requested = Object.entries(extraSpecs)
    .map(([key, value]) => [key.replace(/^capabilities:/, ''), value] as const)
    .filter(([key]) => !key.includes(':'));
  const missing = requested.find(
    ([key, value]) => !(own(capabilities, key)?.(pool) ?? []).some((has) => matches(has, value)),
  );
  return missing ? `does not have ${missing[0]} ${missing[1]}, which the type requires` : null;
}

const matches = (has: string | boolean, wanted: string): boolean => {
  const [, operator, operand = ''] = wanted.match(/^<(is|in|or)> (.*)$/) ?? [];
  if (operator === 'is') return String(has).toLowerCase() === operand.toLowerCase();
  if (operator === 'in') return String(has).includes(operand);
  if (operator === 'or') return wanted.split(/ ?<or> /).includes(String(has));
  return String(has).toLowerCase() === wanted.toLowerCase();
};

/** A thin pool may allocate `overcommit` times its size, but no single volume larger than itself. */
function hasRoom(pool: Pool, { sizeGb }: Need, { config }: Pick<Volumes, 'config'>): string | null {
  const { totalGb, freeGb, reservedGb, promisedGb: promised } = pool;
  if (!pool.thin) {
    const free = Math.min(freeGb - reservedGb, totalGb - promised);
    return sizeGb <= free ? null : `has ${free} GiB free of the ${sizeGb} GiB needed`;
  }
  if (sizeGb > totalGb) return `has ${totalGb} GiB in all of the ${sizeGb} GiB needed`;
  const most = Math.floor(totalGb * config.overcommit);
  if (promised + sizeGb > most)
    return `has allocated ${promised} GiB of at most ${most} GiB (${config.overcommit} times its ${totalGb} GiB), and ${sizeGb} GiB are needed`;
  const fits = Math.floor((freeGb - reservedGb) * config.overcommit);
  if (sizeGb <= fits) return null;
  return `has ${freeGb} GiB free, of which ${reservedGb} GiB are reserved: at most ${Math.max(0, fits)} GiB of them can be allocated, and ${sizeGb} GiB are needed`;
}

/** Names and numbers of pools are for administrators. */
const noRoom = (details: string) =>
  new Fault(500, 'noValidHost', 'No storage pool has enough free space and matches the volume type.', { details });

/** Throws a Fault with the numbers when the pool cannot take `moreGb`. Must run inside a transaction. */
export async function requireRoom(
  { presence, config }: Volumes,
  tx: Knex,
  volume: Volume,
  moreGb: number,
): Promise<void> {
  const { host, pool: name } = volume;
  if (host === null) return;
  await lockHost(tx, host);
  const pool = (await listPools({ db: tx, presence })).find((each) => each.host === host && each.name === name);
  const need = { sizeGb: moreGb, extraSpecs: {}, host };
  // the row has the new size already, so `promisedGb` includes it
  const refusal = pool && hasRoom({ ...pool, promisedGb: pool.promisedGb - moreGb }, need, { config });
  if (pool && refusal) throw noRoom(`No valid backend was found. ${poolName(pool)} ${refusal}.`);
}

/** Whether the pool still fits, checked under the lock of its host. Must run inside a transaction. */
export async function stillFits({ presence, config }: Volumes, tx: Knex, chosen: Pool, need: Need): Promise<boolean> {
  await lockHost(tx, chosen.host);
  const pool = (await listPools({ db: tx, presence })).find(
    ({ host, name }) => host === chosen.host && name === chosen.name,
  );
  return pool !== undefined && judge(pool, need, { config }).refusal === null;
}

/** Returns the pool with the most free space; throws a Fault that names every pool with its refusal. */
export const choosePool = (service: Volumes, need: Need): Promise<Choice> => choosePoolAmong(service, need, () => true);

export async function choosePoolAmong(
  service: Volumes,
  need: Need,
  isWanted: (pool: Pool) => boolean,
): Promise<Choice> {
  const pools = (await listPools(service)).filter(isWanted);
  const judged = pools.map((pool) => ({ pool, candidate: judge(pool, need, service) }));
  const candidates = judged.map(({ candidate }) => candidate);
  const [best] = judged
    .filter(({ candidate }) => candidate.refusal === null)
    .toSorted((one, other) => other.candidate.weight - one.candidate.weight);
  if (!best) throw noRoom(noneFits(candidates));
  return { pool: best.pool, candidates };
}

/** Why the pool has not what these extra specs ask for; null when it has. */
export const refusalOf = (service: Volumes, pool: Pool, extraSpecs: Need['extraSpecs']): string | null =>
  judge(pool, { sizeGb: 0, extraSpecs, host: null }, service).refusal;

function judge(pool: Pool, need: Need, service: Pick<Volumes, 'config'>): Candidate {
  const refusal = filters.map((filter) => filter(pool, need, service)).find((reason) => reason !== null) ?? null;
  return { pool: poolName(pool), refusal, weight: pool.freeGb - pool.promisedGb / service.config.overcommit };
}

function noneFits(candidates: readonly Candidate[]): string {
  const reasons = candidates.map(({ pool, refusal }) => `${pool} ${refusal}`);
  const why = reasons.length > 0 ? reasons.join('; ') : 'no storage host has reported yet';
  return `No valid backend was found. ${why}.`;
}
