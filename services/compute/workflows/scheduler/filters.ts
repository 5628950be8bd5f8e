/** A filter accepts or rejects one host, with a reason and its numbers. */
import { own } from '#shared/input/own.ts';
import { isWithin } from '#shared/net/addresses.ts';
import type { Verdict } from '../../scheduling-decisions/store.ts';
import type { GroupPolicy } from '../../server-groups/store.ts';
import { aggregateScope, capabilityScope, meets } from './extra-specs.ts';
import { type HostValues, meetsQuery, rangeOf } from './hints.ts';

export interface Room {
  /** (total - reserved) * allocation ratio. */
  readonly capacity: number;
  readonly used: number;
}

/** A host as the scheduler sees it. */
export interface Candidate {
  readonly name: string;
  /** The id of its resource provider. */
  readonly hostId: string;
  readonly zone: string;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  /** Why it is down; null when it is up. */
  readonly down: string | null;
  readonly arch: string;
  /** Placement has capacity for the whole request there. */
  readonly offered: boolean;
  readonly rooms: Readonly<Record<string, Room>>;
  readonly servers: readonly string[];
  /** Servers of the group that are there. */
  readonly members: number;
  readonly address: string;
  readonly values: HostValues;
  /** The metadata of its aggregates. */
  readonly aggregates: readonly Readonly<Record<string, string>>[];
}

/** What a server requires of a host. */
export interface Requirements {
  /** Resource class to amount: VCPU, MEMORY_MB, DISK_GB. */
  readonly resources: Readonly<Record<string, number>>;
  readonly zone: string | null;
  readonly host: string | null;
  /** The host that the server leaves. */
  readonly leaves: string | null;
  readonly arch: string | null;
  readonly differentFrom: readonly string[];
  readonly sameAs: readonly string[];
  readonly group: {
    readonly policy: GroupPolicy;
    readonly most: number;
    /** Some server of the group has a host. */
    readonly placed: boolean;
  } | null;
  readonly hints: Readonly<Record<string, unknown>>;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

type Filter = (wanted: Requirements, host: Candidate) => Omit<Verdict, 'filter'> | undefined;

const verdict = (passed: boolean, reason: string) => ({ passed, says: reason });

const requestedHost: Filter = ({ host }, { name }) =>
  host === null ? undefined : verdict(name === host, `${host} was asked for`);

const otherHost: Filter = ({ leaves }, { name }) =>
  leaves === null ? undefined : verdict(name !== leaves, `the server leaves ${leaves}`);

const up: Filter = (_wanted, { down }) => verdict(down === null, down ?? 'is up');

const enabled: Filter = (_wanted, { enabled: is, disabledReason }) =>
  verdict(is, is ? 'is enabled' : `is disabled${disabledReason ? `: ${disabledReason}` : ''}`);

const zone: Filter = (wanted, host) =>
  wanted.zone === null
    ? undefined
    : verdict(wanted.zone === host.zone, `zone ${wanted.zone} was asked for, it is in ${host.zone}`);

const arch: Filter = (wanted, host) =>
  wanted.arch === null
    ? undefined
    : verdict(wanted.arch === host.arch, `the image is for ${wanted.arch}, it is ${host.arch}`);

const differentHost: Filter = ({ differentFrom }, { servers }) => {
  if (differentFrom.length === 0) return undefined;
  const found = differentFrom.filter((id) => servers.includes(id));
  return verdict(
    found.length === 0,
    found.length === 0 ? 'has none of the servers to avoid' : `has ${found.join(', ')}`,
  );
};

const sameHost: Filter = ({ sameAs }, { servers }) => {
  if (sameAs.length === 0) return undefined;
  const found = sameAs.filter((id) => servers.includes(id));
  return verdict(found.length > 0, found.length > 0 ? `has ${found.join(', ')}` : `has none of ${sameAs.join(', ')}`);
};

const affinity: Filter = ({ group }, { members }) =>
  group?.policy !== 'affinity' || !group.placed
    ? undefined
    : verdict(members > 0, members > 0 ? 'has servers of the group' : 'has none of the servers of the group');

const antiAffinity: Filter = ({ group }, { members }) =>
  group?.policy !== 'anti-affinity'
    ? undefined
    : verdict(members < group.most, `has ${members} servers of the group, at most ${group.most} are allowed`);

const nearHost: Filter = ({ hints }, { address }) => {
  const range = rangeOf(hints);
  if (range === null) return undefined;
  const near = isWithin(address, range);
  return verdict(near, `${range} was asked for, its address is ${near ? 'there' : 'elsewhere'}`);
};

const query: Filter = ({ hints }, { values }) => {
  const met = meetsQuery(hints, values);
  return met === undefined
    ? undefined
    : verdict(met, `${met ? 'meets' : 'does not meet'} the query ${String(hints.query)}`);
};

/** Extra specs of the flavor that the metadata of the host's aggregates must meet. */
const aggregates: Filter = ({ extraSpecs }, { aggregates: known }) => {
  const asked = Object.entries(extraSpecs).filter(([key]) => key.startsWith(aggregateScope));
  if (asked.length === 0) return undefined;
  const unmet = asked.filter(
    ([key, spec]) => !known.some((one) => meets(own(one, key.slice(aggregateScope.length)), spec)),
  );
  return verdict(
    unmet.length === 0,
    unmet.length === 0
      ? 'its aggregates have what the flavor asks for'
      : `none of its aggregates has ${unmet.map(([key, spec]) => `${key.slice(aggregateScope.length)}=${spec}`).join(', ')}`,
  );
};

/** Extra specs of the flavor that the host itself must meet. */
const capabilities: Filter = ({ extraSpecs }, { values }) => {
  const asked = Object.entries(extraSpecs).filter(([key]) => key.startsWith(capabilityScope));
  if (asked.length === 0) return undefined;
  const valueIn = (key: string) => own(values, `$${key.slice(capabilityScope.length)}`);
  const unmet = asked.filter(([key, spec]) => !meets(valueIn(key), spec));
  return verdict(
    unmet.length === 0,
    unmet.length === 0
      ? 'has what the flavor asks for'
      : unmet.map(([key, spec]) => `${key} is not ${spec}`).join(', '),
  );
};

export const units: Readonly<Record<string, string>> = {
  VCPU: 'VCPU',
  MEMORY_MB: 'MB of memory (MEMORY_MB)',
  DISK_GB: 'GB of disk (DISK_GB)',
};

/** Placement decides; the numbers explain it. */
const room: Filter = ({ resources }, { offered, rooms }) => {
  const lines = Object.entries(resources).map(([name, asked]) => {
    const known = rooms[name];
    if (!known) return { short: true, says: `${asked} ${own(units, name) ?? name} asked, placement knows of none` };
    const free = known.capacity - known.used;
    return {
      short: free < asked,
      says: `${asked} ${own(units, name) ?? name} asked, ${free} free of ${known.capacity}`,
    };
  });
  const short = lines.filter(({ short: is }) => is);
  const reasons = (offered || short.length === 0 ? lines : short).map(({ says }) => says).join('; ');
  const prefix = !offered && short.length === 0 ? 'placement does not offer it: ' : '';
  return verdict(offered, prefix + reasons);
};

/** All filters run, in this order, so that the explanation is complete. */
export const filters: Readonly<Record<string, Filter>> = {
  requestedHost,
  otherHost,
  up,
  enabled,
  zone,
  arch,
  differentHost,
  sameHost,
  affinity,
  antiAffinity,
  nearHost,
  query,
  aggregates,
  capabilities,
  room,
};
