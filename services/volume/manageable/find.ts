/** What lies in a pool and is nobody's, as its host says at once. */
import { NoAnswer } from '#shared/bus/bus.ts';
import { callAddress, type Unmanaged, type VolumeCalls } from '#shared/contracts/volume-agent.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { listPools, type Pool, poolName } from '../workflows/scheduler/pools.ts';

export type Kind = Unmanaged['kinds'][number];

/** The pool that `host`, `host@driver` or `host@driver#pool` names. Throws 503 when it is unknown, disabled or down. */
export async function poolAt(service: Volumes, named: string | undefined): Promise<Pool> {
  if (!named) throw badRequest('Invalid input received: Host must be specified.');
  const pools = await listPools(service);
  const pool = pools.find((each) => [each.host, `${each.host}@${each.driver}`, poolName(each)].includes(named));
  if (!pool) throw new Fault(503, 'serviceUnavailable', `Host '${named}' not found`);
  if (pool.isEnabled && !pool.isAvoided) return pool;
  throw new Fault(503, 'serviceUnavailable', `Service cinder-volume on host ${named} is disabled or down.`);
}

export async function listUnmanaged({ bus }: Volumes, { host }: Pool): Promise<readonly Unmanaged[]> {
  const found = bus.call<VolumeCalls['listUnmanaged']['reply']>(callAddress(host, 'listUnmanaged'), null);
  return found.catch((error: unknown) => {
    if (!(error instanceof NoAnswer)) throw error;
    throw new Fault(503, 'serviceUnavailable', `Host ${host} did not answer.`);
  });
}

export type Reference = string | null | { readonly 'source-name'?: unknown; readonly [more: string]: unknown };

const invalid = (kind: Kind, name: string, why: string) =>
  badRequest(`Manage existing ${kind} failed due to invalid backend reference ${name}: ${why}`);

/** What a reference names; it must be in the list of its pool, so no reference leads out of it. */
export async function findUnmanaged(service: Volumes, pool: Pool, kind: Kind, ref: Reference): Promise<Unmanaged> {
  const given = typeof ref === 'string' ? ref : ref?.['source-name'];
  if (typeof given !== 'string' || given === '') throw invalid(kind, '', 'Reference must contain source-name element.');
  const name = unmanagedName(given);
  const found = (await listUnmanaged(service, pool)).find((each) => each.name === name && each.kinds.includes(kind));
  if (!found) throw invalid(kind, given, `Specified ${kind} does not exist, or is managed already.`);
  if (found.reasonNotSafe !== null) throw invalid(kind, given, `${found.reasonNotSafe}.`);
  return found;
}

const formerName = /^(?:volume|_?snapshot)-([0-9a-f-]{36})$/;

/** Clients name what they have unmanaged as it was called before. */
const unmanagedName = (given: string): string => {
  const [, id] = given.match(formerName) ?? [];
  return id === undefined ? given : `unmanaged-${id}`;
};
