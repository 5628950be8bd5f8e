import type { Caller } from '#shared/auth/caller.ts';
import { badRequest, conflict } from '#shared/errors/fault.ts';
import { cidrOf } from '#shared/net/addresses.ts';
import { refuseSplitNetworks } from '../address-scopes/affinity.ts';
import { refuseForeignScope, refuseOutsideScope } from '../address-scopes/operations.ts';
import type { Network } from '../context.ts';
import { reserve } from '../quotas/quotas.ts';
import { freshRow, invalidInput } from '../resources/values.ts';
import { deletePoliciesOf, ensureSharedWithAll } from '../sharing/store.ts';
import { type Subnet, subnetRows } from '../subnets/resource.ts';
import { carve, compact, isInside } from './carve.ts';
import { type NewSubnetPool, type SubnetPool, type SubnetPoolChange, subnetPools } from './resource.ts';

const longest = { 4: 32, 6: 128 } as const;
const shortest = { 4: 8, 6: 64 } as const;

function prefixesOf(asked: readonly string[]): Pick<SubnetPool, 'prefixes' | 'ipVersion'> {
  const ranges = asked.map((text) => cidrOf(text) ?? refusePrefix(text));
  const versions = new Set(ranges.map(({ version }) => version));
  const [ipVersion, another] = versions;
  if (ipVersion === undefined) throw badRequest('Empty subnet pool prefix list.', 'EmptySubnetPoolPrefixList');
  if (another !== undefined)
    throw badRequest('Cannot mix IPv4 and IPv6 prefixes in a subnet pool.', 'PrefixVersionMismatch');
  return { prefixes: compact(asked), ipVersion };
}

function refusePrefix(text: string): never {
  throw badRequest(`Invalid input for prefixes. Reason: '${text}' is not a valid IP subnet.`, 'HTTPBadRequest');
}

function lengthsOf(input: SubnetPoolChange, ipVersion: 4 | 6, before?: SubnetPool) {
  const given = { ...before, ...input };
  const { minPrefixlen = shortest[ipVersion], maxPrefixlen = longest[ipVersion] } = given;
  const { defaultPrefixlen = minPrefixlen } = given;
  if (maxPrefixlen > longest[ipVersion])
    throw badRequest(`Prefix '${maxPrefixlen}' not supported in IPv${ipVersion} pool.`, 'UnsupportedMaxSubnetPrefix');
  const fits = 0 <= minPrefixlen && minPrefixlen <= defaultPrefixlen && defaultPrefixlen <= maxPrefixlen;
  if (!fits)
    throw badRequest(
      `Illegal prefix bounds: min_prefixlen=${minPrefixlen}, default_prefixlen=${defaultPrefixlen}, max_prefixlen=${maxPrefixlen}.`,
      'IllegalSubnetPoolPrefixBounds',
    );
  return { minPrefixlen, maxPrefixlen, defaultPrefixlen };
}

export async function createSubnetPool(network: Network, caller: Caller, input: NewSubnetPool, projectId: string) {
  await reserve(network, projectId, 'subnetpool');
  const { prefixes, ipVersion } = prefixesOf(input.prefixes);
  if (input.isDefault) await refuseSecondDefault(network, ipVersion);
  const fresh = freshRow(projectId, input, 0);
  const pool: SubnetPool = { ...input, ...fresh, ...lengthsOf(input, ipVersion), prefixes, ipVersion };
  await refuseOutsideScope(network, caller, pool);
  await subnetPools.rows.insert(network.db, pool);
  if (pool.shared) await ensureSharedWithAll(network.db, pool, 'subnetpool');
  return pool;
}

async function refuseSecondDefault({ db }: Network, ipVersion: 4 | 6): Promise<void> {
  if ((await subnetPools.rows.countOf(db, { ipVersion, isDefault: true })) > 0)
    throw invalidInput(
      'A default subnetpool for this IP family has already been set. Only one default may exist per IP family',
    );
}

/** A pool may grow; what subnets may have been cut from stays. */
export async function updateSubnetPool(
  network: Network,
  caller: Caller,
  before: SubnetPool,
  input: SubnetPoolChange,
): Promise<void> {
  if (input.isDefault && !before.isDefault) await refuseSecondDefault(network, before.ipVersion);
  const prefixes = input.prefixes === undefined ? before.prefixes : grown(before, input.prefixes);
  const change = { ...input, ...lengthsOf(input, before.ipVersion, before), prefixes };
  await refuseForeignScope(network, caller, before);
  await refuseOutsideScope(network, caller, { ...before, ...change });
  if (change.addressScopeId) await refuseSplitNetworks(network, before);
  await subnetPools.rows.update(network.db, before.id, change);
}

function grown(before: SubnetPool, asked: readonly string[]): readonly string[] {
  const { prefixes, ipVersion } = prefixesOf(asked);
  const lost = before.prefixes.some((each) => !isInside(prefixes, cidrOf(each) ?? refusePrefix(each)));
  if (lost || ipVersion !== before.ipVersion)
    throw badRequest(
      'Illegal update to prefixes: existing prefixes must be a subset of the new prefixes.',
      'IllegalSubnetPoolPrefixUpdate',
    );
  return prefixes;
}

export async function removeSubnetPool({ db }: Network, _caller: Caller, { id }: SubnetPool): Promise<void> {
  if ((await subnetRows.countOf(db, { subnetpoolId: id })) > 0)
    throw conflict('Unable to delete subnet pool: Subnet pool has existing allocations.', 'SubnetPoolDeleteError');
  await deletePoliciesOf(db, id);
  await subnetPools.rows.remove(db, id);
}

interface Cut {
  readonly cidr: string | undefined;
  readonly prefixlen: number | undefined;
  readonly projectId: string;
}

/** The range of a new subnet: the one that is asked for, or the first free one. */
export async function cutFrom({ db }: Network, pool: SubnetPool, { cidr, prefixlen, projectId }: Cut): Promise<string> {
  const siblings = await subnetRows.where(db, { subnetpoolId: pool.id });
  const wanted = cidr === undefined ? undefined : cidrOf(cidr);
  const length = wanted?.prefix ?? prefixlen ?? pool.defaultPrefixlen;
  if (length < pool.minPrefixlen)
    throw badRequest(
      `Unable to allocate subnet with prefix length ${length}, minimum allowed prefix is ${pool.minPrefixlen}.`,
      'MinPrefixSubnetAllocationError',
    );
  if (length > pool.maxPrefixlen)
    throw badRequest(
      `Unable to allocate subnet with prefix length ${length}, maximum allowed prefix is ${pool.maxPrefixlen}.`,
      'MaxPrefixSubnetAllocationError',
    );
  refuseBeyondQuota(
    pool,
    siblings.filter((each) => each.projectId === projectId),
    length,
  );
  const taken = siblings.map((each) => each.cidr);
  const found = cidr === undefined ? carve(pool.prefixes, taken, length) : freeOne(pool, taken, cidr);
  if (found !== undefined) return found;
  throw conflict(
    `Failed to allocate subnet: Insufficient prefix space to allocate subnet size /${length}.`,
    'SubnetAllocationError',
  );
}

function freeOne({ prefixes }: SubnetPool, taken: readonly string[], text: string): string | undefined {
  const range = cidrOf(text);
  if (!range || !isInside(prefixes, range)) return undefined;
  return carve([text], taken, range.prefix);
}

/** Counted in addresses for IPv4, in /64 networks for IPv6. */
function refuseBeyondQuota({ defaultQuota, ipVersion }: SubnetPool, own: readonly Subnet[], length: number): void {
  if (defaultQuota === null) return;
  const unit = ipVersion === 4 ? 0n : 64n;
  const sizeOf = (prefix: number) => (1n << BigInt(longest[ipVersion] - prefix)) >> unit;
  const used = own.reduce((sum, { cidr }) => sum + sizeOf(cidrOf(cidr)?.prefix ?? longest[ipVersion]), 0n);
  if (used + sizeOf(length) > BigInt(defaultQuota))
    throw conflict('Per-tenant subnet pool prefix quota exceeded.', 'SubnetPoolQuotaExceeded');
}
