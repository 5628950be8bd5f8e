/** What this host was asked to be, one JSON file per wish, so that it can be made again after a reboot. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  DhcpWish,
  ExternalWish,
  GroupWish,
  PortWish,
  RouterWish,
  Segment,
} from '#shared/contracts/network-agent.ts';
import { writeWhole } from '#shared/files/whole.ts';

export interface Wishes {
  readonly port: PortWish;
  readonly group: GroupWish;
  readonly dhcp: DhcpWish;
  readonly router: RouterWish;
  readonly external: ExternalWish;
}
export type Kind = keyof Wishes;
export const kinds: readonly Kind[] = ['port', 'group', 'dhcp', 'router', 'external'];

/** The wishes of one kind. Memory answers; a wish is on the disk before `put` resolves. */
export interface Records<Wish> {
  get(id: string): Wish | undefined;
  list(): Wish[];
  put(wish: Wish): Promise<void>;
  remove(id: string): Promise<void>;
}
export type AllRecords = { readonly [K in Kind]: Records<Wishes[K]> } & {
  /** Each network as it was last described, by its bridge: older wishes know fewer of its hosts. */
  readonly segment: Records<Segment>;
};

export function openRecords(dir: string): AllRecords {
  const wishes = <Wish extends { readonly id: string }>(kind: Kind) => recordsIn<Wish>(join(dir, kind), ({ id }) => id);
  return {
    port: wishes('port'),
    group: wishes('group'),
    dhcp: wishes('dhcp'),
    router: wishes('router'),
    external: wishes('external'),
    segment: recordsIn(join(dir, 'segment'), ({ bridge }) => bridge),
  };
}

function recordsIn<Wish>(dir: string, keyOf: (wish: Wish) => string): Records<Wish> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const byKey = new Map(readAll<Wish>(dir).map((wish) => [keyOf(wish), wish]));
  const fileOf = (key: string) => join(dir, `${encodeURIComponent(key)}.json`);
  return {
    get: (key) => byKey.get(key),
    list: () => [...byKey.values()],
    put: async (wish) => {
      await writeWhole(fileOf(keyOf(wish)), JSON.stringify(wish));
      byKey.set(keyOf(wish), wish);
    },
    remove: async (key) => {
      await rm(fileOf(key), { force: true });
      byKey.delete(key);
    },
  };
}

const readAll = <Wish>(dir: string): Wish[] =>
  readdirSync(dir)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(dir, file), 'utf8')) as Wish);

/** The networks that a wish needs on this host. */
export const segmentsOf: { readonly [K in Kind]: (wish: Wishes[K]) => Segment[] } = {
  port: ({ segment }) => [segment],
  group: () => [],
  dhcp: ({ segment }) => [segment],
  router: ({ interfaces, gateway }) => [...interfaces, ...(gateway ? [gateway] : [])].map(({ segment }) => segment),
  external: ({ segment }) => [segment],
};

/** Every network that something on this host still needs, by bridge. */
export function neededSegments(records: AllRecords): Map<string, Segment> {
  const all = kinds.flatMap((kind) => records[kind].list().flatMap(segmentsOf[kind] as (wish: unknown) => Segment[]));
  return new Map(all.map((segment) => [segment.bridge, records.segment.get(segment.bridge) ?? segment]));
}

/** Ids of all wishes that stand here. */
export const standingIn = (records: AllRecords): string[] =>
  kinds.flatMap((kind) => (records[kind].list() as { readonly id: string }[]).map(({ id }) => id));
