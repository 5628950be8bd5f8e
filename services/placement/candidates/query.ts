/** Parses queries for allocation candidates: groups of resources with their traits, aggregates and trees. */
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { codes } from '../dialect.ts';
import type { SetQuery } from '../names/store.ts';
import { type Amounts, resourcesOf } from '../queries/resources.ts';
import { aggregatesQuery, checkUuid, isUnrestricted, nothing, traitsQuery } from '../queries/sets.ts';

export interface Group {
  /** Empty for the group that may use several providers of a tree; every other group uses one provider. */
  readonly suffix: string;
  readonly resources: Amounts;
  readonly traits: SetQuery;
  readonly aggregates: SetQuery;
  readonly inTree: string | undefined;
}

export interface CandidatesQuery {
  readonly groups: readonly Group[];
  readonly isolate: boolean;
  readonly limit: number | undefined;
  readonly root: SetQuery;
  /** Sets of suffixes whose providers must be in the subtree of one of them. */
  readonly sameSubtree: readonly (readonly string[])[];
  /** False before 1.29: only one provider of a tree (and sharing providers) may be used. */
  readonly nested: boolean;
}

type Queries = Readonly<Record<string, readonly string[]>>;

const queryKeys: readonly [string, Version][] = [
  ['limit', '1.16'],
  ['group_policy', '1.25'],
  ['root_required', '1.35'],
  ['same_subtree', '1.36'],
];
const groupKeys: readonly [string, Version][] = [
  ['resources', '1.10'],
  ['required', '1.17'],
  ['member_of', '1.21'],
  ['in_tree', '1.31'],
];

export function candidatesQuery(queries: Queries, version: Version): CandidatesQuery {
  const suffixes = suffixesOf(queries, version);
  const groups = suffixes.map((suffix) => groupOf(suffix, queries, version));
  const sameSubtree = (queries.same_subtree ?? []).map((text) => text.split(',').map((suffix) => suffix.trim()));
  checkGroups(groups, sameSubtree, version);
  const policy = queries.group_policy?.[0];
  if (policy !== undefined && policy !== 'none' && policy !== 'isolate')
    throw badRequest(`Invalid query string parameters: '${policy}' is not one of ['none', 'isolate']`);
  if (policy === undefined && groups.filter(({ suffix }) => suffix !== '').length > 1)
    throw badRequest(
      'The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.',
    );
  return {
    groups,
    isolate: policy === 'isolate',
    limit: limitOf(queries.limit?.[0]),
    root: rootOf(queries.root_required),
    sameSubtree,
    nested: atLeast(version, '1.29'),
  };
}

/** Traits of the root of each candidate's tree; one parameter, without alternatives. */
function rootOf(values: readonly string[] | undefined): SetQuery {
  if (values === undefined) return nothing;
  if (values.length > 1)
    throw badRequest("Query parameter 'root_required' may be specified only once.", codes.duplicateKey);
  const root = traitsQuery(values, '1.38');
  const conflicting = root.anyOf.flat().filter((trait) => root.none.includes(trait));
  if (conflicting.length > 0)
    throw badRequest(
      `Conflicting required and forbidden traits found in root_required: ${conflicting.join(', ')}`,
      codes.badValue,
    );
  return root;
}

function limitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9][0-9]*$/.test(text))
    throw badRequest(`Invalid query string parameters: '${text}' does not match '^[1-9][0-9]*$'`);
  return Number(text);
}

/** Suffixes of groups: numbers from 1.25, arbitrary text from 1.33. */
function suffixesOf(queries: Queries, version: Version): string[] {
  const suffix = atLeast(version, '1.33') ? '[a-zA-Z0-9_-]{1,64}' : '[1-9][0-9]*';
  const tail = atLeast(version, '1.25') ? `(${suffix})?` : '()';
  const known = groupKeys.filter(([, first]) => atLeast(version, first)).map(([key]) => key);
  const form = new RegExp(`^(${known.join('|')})${tail}$`);
  const ungroupedKeys = new Set(queryKeys.filter(([, first]) => atLeast(version, first)).map(([key]) => key));
  const found = Object.keys(queries).flatMap((key) => {
    if (ungroupedKeys.has(key)) return [];
    const match = key.match(form);
    if (match) return [match[2] ?? ''];
    throw badRequest(
      `Invalid query string parameters: Additional properties are not allowed ('${key}' was unexpected)`,
    );
  });
  return [...new Set(found)];
}

function groupOf(suffix: string, queries: Queries, version: Version): Group {
  const of = (key: string) => queries[key + suffix];
  const resources = of('resources')?.at(-1);
  const inTree = of('in_tree')?.at(-1);
  return {
    suffix,
    resources: resources === undefined ? {} : resourcesOf(resources),
    traits: traitsQuery(of('required') ?? [], version),
    aggregates: aggregatesQuery(`member_of${suffix}`, of('member_of') ?? [], version),
    inTree: inTree === undefined ? undefined : checkUuid('in_tree', inTree),
  };
}

const isEmpty = ({ resources }: Group) => Object.keys(resources).length === 0;

function checkGroups(groups: readonly Group[], subtrees: CandidatesQuery['sameSubtree'], version: Version): void {
  if (groups.length === 0 && !atLeast(version, '1.25'))
    throw badRequest("Invalid query string parameters: 'resources' is a required property");
  if (atLeast(version, '1.36')) checkSubtrees(groups, subtrees);
  else checkOrphans(groups);
  const conflicting = groups.filter(({ traits }) =>
    traits.anyOf.some((choice) => choice.every((trait) => traits.none.includes(trait))),
  );
  if (conflicting.length > 0)
    throw badRequest(
      `Conflicting required and forbidden traits found in the following traits keys: ${conflicting.map(({ suffix }) => `required${suffix}`).join(', ')}`,
    );
}

function checkOrphans(groups: readonly Group[]): void {
  const orphans = groups.filter(isEmpty);
  const withTraits = orphans.filter(({ traits }) => traits.anyOf.length > 0).map(({ suffix }) => `required${suffix}`);
  if (withTraits.length > 0)
    throw badRequest(
      `All traits parameters must be associated with resources.  Found the following orphaned traits keys: ${withTraits.join(', ')}`,
    );
  const placed = orphans
    .filter(({ aggregates }) => !isUnrestricted(aggregates))
    .map(({ suffix }) => `member_of${suffix}`);
  if (placed.length > 0)
    throw badRequest(
      `All member_of parameters must be associated with resources. Found the following orphaned member_of keys: ${placed.join(', ')}`,
    );
  if (orphans.length > 0) throw badRequest('All request groups must specify resources.');
  if (groups.length === 0) throw badRequest('At least one request group (`resources` or `resources{$S}`) is required.');
}

function checkSubtrees(groups: readonly Group[], subtrees: CandidatesQuery['sameSubtree']): void {
  const named = new Set(subtrees.flat());
  if (groups.every(isEmpty))
    throw badRequest('There must be at least one resources or resources[$S] parameter.', codes.missingValue);
  const lost = groups.filter((group) => isEmpty(group) && !named.has(group.suffix)).map(({ suffix }) => suffix);
  if (lost.length > 0)
    throw badRequest(
      `Resourceless suffixed group request should be specified in \`same_subtree\` query param: bad group(s) - ${lost.join(', ')}.`,
      codes.badValue,
    );
  if (named.has(''))
    throw badRequest('Empty string (unsuffixed group) can not be specified in `same_subtree`', codes.badValue);
  const others = [...named].filter((suffix) => !groups.some((group) => group.suffix === suffix));
  if (others.length > 0)
    throw badRequest(
      `Real suffixes should be specified in \`same_subtree\`: ${others.join(', ')} not found in ${groups.map(({ suffix }) => suffix).join(', ')}.`,
      codes.badValue,
    );
}
