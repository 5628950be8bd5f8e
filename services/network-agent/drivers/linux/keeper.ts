/** Specs in, the host as specified out: now, after a crash, after a reboot, and when somebody meddled. */
import type { Segment } from '#shared/contracts/network-agent.ts';
import type { Log } from '#shared/log/log.ts';
import { inOrder } from '../order.ts';
import { type Kind, kinds, neededSegments, type Records, type Specs, segmentsOf } from '../records.ts';
import { accepted } from './accepted.ts';
import { ensureBridge, ensureBridgeGone } from './bridge.ts';
import { listLinks, listTables } from './commands.ts';
import { networkOf } from './dhcp.ts';
import { interiorOf } from './interior.ts';
import { listSpaces } from './namespaces.ts';
import { ensureLeftAlone } from './other-firewalls.ts';
import { type Part, parts, type World } from './parts.ts';
import { legsOf } from './router.ts';
import { sweep, type Wanted } from './sweep.ts';

export interface Keeper {
  /** Gives the parts of the spec that no host could make true; the others hold. Throws a Fault when none could. */
  ensure<K extends Kind>(kind: K, spec: Specs[K]): Promise<readonly string[]>;
  ensureGone(kind: Kind, id: string): Promise<void>;
  /** Before anything else: unknown go, and the rules stand before the first guest comes back. */
  restore(): Promise<void>;
  /** Makes again what is missing. */
  heal(): Promise<void>;
}

export function openKeeper(world: World, log: Log): Keeper {
  const { records, underlay, firewall } = world;
  const perSpec = inOrder();
  const perBridge = inOrder();
  /** Specs that may stand half: all of them after a start, later those that failed. */
  const unsure = new Set<string>();
  const complain = complaints(log);
  /** Of each namespace, as it was when it was made. */
  const interiors = new Map<string, { readonly space: string; readonly text: string }>();
  const nextOf = rounds();

  const bridge = bridges(world, perBridge);
  const build = async <K extends Kind>(kind: K, spec: Specs[K]) => {
    const key = `${kind}/${spec.id}`;
    unsure.add(key);
    for (const segment of segmentsOf[kind](spec)) await bridge(segment);
    const refused = await partOf(kind).ensure(world, spec);
    const space = partOf(kind).space?.(world, spec);
    if (space !== undefined) interiors.set(key, { space, text: await interiorOf(space) });
    if (refused.length === 0) unsure.delete(key);
    return refused;
  };
  /** Looks into some of the namespaces, others at the next time; what changed there is unsure. */
  const lookInside = async () => {
    for (const key of nextOf([...interiors.keys()], spacesPerLook)) {
      await perSpec(key, async () => {
        const before = interiors.get(key);
        if (before && (await interiorOf(before.space).catch(() => '')) !== before.text) unsure.add(key);
      });
    }
  };
  const dropUnneeded = async () => {
    for (const { bridge: name } of records.segment.list()) {
      await perBridge(name, async () => {
        if (neededSegments(records).has(name)) return;
        await ensureBridgeGone(underlay, name);
        await records.segment.remove(name);
      });
    }
  };

  return {
    ensure: (kind, asked) =>
      perSpec(`${kind}/${asked.id}`, async () => {
        const { spec, refused: malformed } = accepted(kind, asked);
        const refused = [...malformed];
        const left = bridgesOf(kind, records[kind].get(spec.id) as typeof spec | undefined).filter(
          (name) => !bridgesOf(kind, spec).includes(name),
        );
        await records[kind].put(spec as never);
        await keepSegments(world, segmentsOf[kind](spec));
        refused.push(...(await build(kind, spec)));
        if (left.length > 0) await dropUnneeded();
        if (refused.length > 0) log.error({ kind, id: spec.id, refused }, 'parts of a spec cannot be made true here');
        return refused;
      }),
    ensureGone: (kind, id) =>
      perSpec(`${kind}/${id}`, async () => {
        const spec = records[kind].get(id);
        await records[kind].remove(id);
        unsure.delete(`${kind}/${id}`);
        interiors.delete(`${kind}/${id}`);
        await partOf(kind).ensureGone(world, id, spec);
        await dropUnneeded();
      }),
    restore: async () => {
      for (const kind of kinds) await acceptRecords(records[kind] as Records<Specs[Kind]>, kind, log);
      const gone = await sweep(underlay.names, wantedBy(world));
      if (gone.length > 0) log.warn({ gone }, 'took away what nobody asked for');
      const links = await firewall.load();
      const segments = [...neededSegments(records).values()];
      for (const segment of segments) await bridge(segment);
      if (segments.some((segment) => !links.has(segment.bridge))) await firewall.load();
      await ensureLeftAlone(underlay.names, await listTables());
      for (const kind of kinds) for (const { id } of records[kind].list()) unsure.add(`${kind}/${id}`);
    },
    heal: async () => {
      const look = { links: await listLinks(), spaces: new Set(listSpaces(underlay.names.table)) };
      const lost = [...neededSegments(records).values()].filter(({ bridge: name }) => !look.links.get(name)?.up);
      for (const segment of lost) await bridge(segment);
      const tables = await listTables();
      if (!(await firewall.isWhole())) await firewall.loadWhole();
      else if (lost.length > 0) await firewall.load();
      await ensureLeftAlone(underlay.names, tables);
      await lookInside();
      const missing = kinds.flatMap((kind) =>
        records[kind]
          .list()
          .filter((spec) => unsure.has(`${kind}/${spec.id}`) || !partOf(kind).isWhole(world, spec, look))
          .map(({ id }) => ({ kind, id })),
      );
      for (const { kind, id } of missing) {
        await perSpec(`${kind}/${id}`, async () => {
          const spec = records[kind].get(id);
          if (spec) for (const line of await build(kind, spec)) complain(kind, id, line);
        }).catch((error: unknown) => complain(kind, id, error));
      }
      await dropUnneeded();
    },
  };
}

/** Makes a bridge as it was last described. Calls that wait for the same bridge share one look at it. */
function bridges({ records, underlay }: World, perBridge: ReturnType<typeof inOrder>) {
  const waiting = new Map<string, Promise<void>>();
  return (segment: Segment): Promise<void> => {
    const { bridge } = segment;
    const made =
      waiting.get(bridge) ??
      perBridge(bridge, () => {
        waiting.delete(bridge);
        return ensureBridge(underlay, records.segment.get(bridge) ?? segment);
      });
    waiting.set(bridge, made);
    return made;
  };
}

/** What was written down before may be less strict than what is accepted today. */
async function acceptRecords(records: Records<Specs[Kind]>, kind: Kind, log: Log): Promise<void> {
  for (const record of records.list()) {
    try {
      const { spec } = accepted(kind, record);
      if (JSON.stringify(spec) !== JSON.stringify(record)) await records.put(spec);
    } catch (error) {
      log.error({ kind, id: record.id, error }, 'a spec is not well formed');
      await records.remove(record.id);
    }
  }
}

const bridgesOf = <K extends Kind>(kind: K, spec: Specs[K] | undefined): string[] =>
  spec ? segmentsOf[kind](spec).map(({ bridge }) => bridge) : [];

/** How many namespaces one look at the host enters: each costs four processes. */
const spacesPerLook = 10;

/** So many of all, each in its turn. */
function rounds(): (all: readonly string[], count: number) => string[] {
  let last = '';
  return (all, count) => {
    const sorted = [...all].sort();
    const after = sorted.findIndex((key) => key > last);
    const turn = after < 0 ? sorted : [...sorted.slice(after), ...sorted.slice(0, after)];
    const some = turn.slice(0, count);
    last = some.at(-1) ?? '';
    return some;
  };
}

/** A refusal repeats with every look; saying it once is enough. */
function complaints(log: Log) {
  const said = new Map<string, string>();
  return (kind: Kind, id: string, error: unknown) => {
    if (said.get(id) !== String(error)) log.warn({ kind, id, error }, 'could not be made again yet');
    said.set(id, String(error));
  };
}

/** The table's types know which spec belongs to which kind; a loop over kinds does not. */
const partOf = (kind: Kind) => parts[kind] as Part<Specs[Kind]>;

async function keepSegments({ records }: World, segments: readonly Segment[]): Promise<void> {
  for (const segment of segments) {
    const known = records.segment.get(segment.bridge);
    if (JSON.stringify(known) !== JSON.stringify(segment)) await records.segment.put(segment);
  }
}

function wantedBy({ records, underlay: { names } }: World): Wanted {
  const bridges = [...neededSegments(records).keys()];
  const dhcp = records.dhcp.list();
  const routers = records.router.list();
  return {
    links: new Set([
      ...records.port.list().map(({ tap }) => tap),
      ...bridges,
      ...bridges.map(names.tunnel),
      ...dhcp.map(({ port }) => names.veth(port.id)),
      ...routers.flatMap(legsOf).map(({ portId }) => names.veth(portId)),
    ]),
    spaces: new Set([
      ...dhcp.map(({ id }) => names.dhcpSpace(networkOf(id))),
      ...routers.map(({ id }) => names.routerSpace(id)),
    ]),
    networks: new Set(dhcp.map(({ id }) => networkOf(id))),
  };
}
