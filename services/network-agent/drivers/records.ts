/** The specs of this host, one JSON file each, so that they can be applied again after a reboot. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  DhcpSpec,
  ExternalSpec,
  GroupSpec,
  PortSpec,
  RouterSpec,
  Segment,
} from '#shared/contracts/network-agent.ts';
import { writeWhole } from '#shared/files/whole.ts';

export interface Specs {
  readonly port: PortSpec;
  readonly group: GroupSpec;
  readonly dhcp: DhcpSpec;
  readonly router: RouterSpec;
  readonly external: ExternalSpec;
}
export type SpecKind = keyof Specs;
export const specKinds: readonly SpecKind[] = ['port', 'group', 'dhcp', 'router', 'external'];

/** The specs of one kind. Reads are from memory; a spec is on disk before `put` resolves. */
export interface Records<Spec> {
  get(id: string): Spec | undefined;
  list(): Spec[];
  put(spec: Spec): Promise<void>;
  remove(id: string): Promise<void>;
}
export type AllRecords = { readonly [K in SpecKind]: Records<Specs[K]> } & {
  /** The newest segment of each network, by bridge: an older spec may have a shorter list of peers. */
  readonly segment: Records<Segment>;
};

export function openRecords(dir: string): AllRecords {
  const specs = <Spec extends { readonly id: string }>(kind: SpecKind) =>
    recordsIn<Spec>(join(dir, kind), ({ id }) => id);
  return {
    port: specs('port'),
    group: specs('group'),
    dhcp: specs('dhcp'),
    router: specs('router'),
    external: specs('external'),
    segment: recordsIn(join(dir, 'segment'), ({ bridge }) => bridge),
  };
}

function recordsIn<Spec>(dir: string, keyOf: (spec: Spec) => string): Records<Spec> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const byKey = new Map(readAll<Spec>(dir).map((spec) => [keyOf(spec), spec]));
  const fileOf = (key: string) => join(dir, `${encodeURIComponent(key)}.json`);
  return {
    get: (key) => byKey.get(key),
    list: () => [...byKey.values()],
    put: async (spec) => {
      await writeWhole(fileOf(keyOf(spec)), JSON.stringify(spec));
      byKey.set(keyOf(spec), spec);
    },
    remove: async (key) => {
      await rm(fileOf(key), { force: true });
      byKey.delete(key);
    },
  };
}

const readAll = <Spec>(dir: string): Spec[] =>
  readdirSync(dir)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(dir, file), 'utf8')) as Spec);

/** The networks that a spec needs on this host. */
export const segmentsOf: { readonly [K in SpecKind]: (spec: Specs[K]) => Segment[] } = {
  port: ({ segment }) => [segment],
  group: () => [],
  dhcp: ({ segment }) => [segment],
  router: ({ interfaces, gateway }) => [...interfaces, ...(gateway ? [gateway] : [])].map(({ segment }) => segment),
  external: ({ segment }) => [segment],
};

/** The networks that any spec of this host needs, by bridge. */
export function neededSegments(records: AllRecords): Map<string, Segment> {
  const all = specKinds.flatMap((kind) =>
    records[kind].list().flatMap(segmentsOf[kind] as (spec: unknown) => Segment[]),
  );
  return new Map(all.map((segment) => [segment.bridge, records.segment.get(segment.bridge) ?? segment]));
}

/** Ids of all specs of this host. */
export const appliedIds = (records: AllRecords): string[] =>
  specKinds.flatMap((kind) => (records[kind].list() as { readonly id: string }[]).map(({ id }) => id));
