/** Makes the host match its specs: when a spec arrives, after a crash or reboot, and when another program changed something. */
import { type KeyedQueue, keyedQueue } from '#shared/clock/keyed-queue.ts';
import type { Segment } from '#shared/contracts/network-agent.ts';
import type { Log } from '#shared/log/log.ts';
import { neededSegments, type Records, type SpecKind, type Specs, segmentsOf, specKinds } from '../records.ts';
import { ensureBridge, ensureBridgeGone } from './bridge.ts';
import { listLinks, listTables } from './commands.ts';
import { networkOf } from './dhcp.ts';
import { namespaceState } from './namespace-state.ts';
import { listNamespaces } from './namespaces.ts';
import { ensureForwardAccepted } from './other-firewalls.ts';
import { routerInterfaces } from './router.ts';
import { type LinuxHost, type SpecHandler, specHandlers } from './spec-handlers.ts';
import { sweep, type Wanted } from './sweep.ts';
import { validateSpec } from './validate-spec.ts';

export interface Reconciler {
  /** Applies a spec and returns the parts that were refused; the others are applied. Throws a Fault when all were. */
  ensure<K extends SpecKind>(kind: K, spec: Specs[K]): Promise<readonly string[]>;
  ensureGone(kind: SpecKind, id: string): Promise<void>;
  /** At the start: removes leftovers, and loads the rules before the first guest starts. */
  restore(): Promise<void>;
  /** Repairs what is missing or was changed. */
  heal(): Promise<void>;
}

export function openReconciler(host: LinuxHost, log: Log): Reconciler {
  const { records, underlay, firewall } = host;
  const perSpec = keyedQueue();
  const perBridge = keyedQueue();
  /** Keys of specs that may be partly applied: all after a start, later those that failed. */
  const dirty = new Set<string>();
  const logRepairFailure = repairFailureLog(log);
  /** The state of each namespace when its spec was applied. */
  const namespaceStates = new Map<string, { readonly namespace: string; readonly text: string }>();
  const nextOf = rounds();

  const bridge = bridges(host, perBridge);
  const build = async <K extends SpecKind>(kind: K, spec: Specs[K]) => {
    const key = `${kind}/${spec.id}`;
    dirty.add(key);
    for (const segment of segmentsOf[kind](spec)) await bridge(segment);
    const refused = await handlerOf(kind).ensure(host, spec);
    const namespace = handlerOf(kind).namespace?.(host, spec);
    if (namespace !== undefined) namespaceStates.set(key, { namespace, text: await namespaceState(namespace) });
    if (refused.length === 0) dirty.delete(key);
    return refused;
  };
  /** Checks some of the namespaces each time, and marks the specs of those that changed as dirty. */
  const checkNamespaces = async () => {
    for (const key of nextOf([...namespaceStates.keys()], namespacesPerRound)) {
      await perSpec(key, async () => {
        const before = namespaceStates.get(key);
        if (before && (await namespaceState(before.namespace).catch(() => '')) !== before.text) dirty.add(key);
      });
    }
  };
  const removeUnneededBridges = async () => {
    for (const { bridge: name } of records.segment.list()) {
      await perBridge(name, async () => {
        if (neededSegments(records).has(name)) return;
        await ensureBridgeGone(underlay, name);
        await records.segment.remove(name);
      });
    }
  };

  return {
    ensure: (kind, requested) =>
      perSpec(`${kind}/${requested.id}`, async () => {
        const { spec, refused: malformed } = validateSpec(kind, requested);
        const refused = [...malformed];
        const unneeded = bridgesOf(kind, records[kind].get(spec.id) as typeof spec | undefined).filter(
          (name) => !bridgesOf(kind, spec).includes(name),
        );
        await records[kind].put(spec as never);
        await keepSegments(host, segmentsOf[kind](spec));
        refused.push(...(await build(kind, spec)));
        if (unneeded.length > 0) await removeUnneededBridges();
        if (refused.length > 0) log.error({ kind, id: spec.id, refused }, 'parts of a spec were refused');
        return refused;
      }),
    ensureGone: (kind, id) =>
      perSpec(`${kind}/${id}`, async () => {
        const spec = records[kind].get(id);
        await records[kind].remove(id);
        dirty.delete(`${kind}/${id}`);
        namespaceStates.delete(`${kind}/${id}`);
        await handlerOf(kind).ensureGone(host, id, spec);
        await removeUnneededBridges();
      }),
    restore: async () => {
      for (const kind of specKinds) await revalidateRecords(records[kind] as Records<Specs[SpecKind]>, kind, log);
      const removed = await sweep(underlay.names, wantedBy(host));
      if (removed.length > 0) log.warn({ removed }, 'removed links and namespaces that no spec needs');
      const links = await firewall.load();
      const segments = [...neededSegments(records).values()];
      for (const segment of segments) await bridge(segment);
      if (segments.some((segment) => !links.has(segment.bridge))) await firewall.load();
      await ensureForwardAccepted(underlay.names, await listTables());
      for (const kind of specKinds) for (const { id } of records[kind].list()) dirty.add(`${kind}/${id}`);
    },
    heal: async () => {
      const state = { links: await listLinks(), namespaces: new Set(listNamespaces(underlay.names.table)) };
      const lost = [...neededSegments(records).values()].filter(({ bridge: name }) => !state.links.get(name)?.up);
      for (const segment of lost) await bridge(segment);
      const tables = await listTables();
      if (!(await firewall.isComplete())) await firewall.reload();
      else if (lost.length > 0) await firewall.load();
      await ensureForwardAccepted(underlay.names, tables);
      await checkNamespaces();
      const missing = specKinds.flatMap((kind) =>
        records[kind]
          .list()
          .filter((spec) => dirty.has(`${kind}/${spec.id}`) || !handlerOf(kind).isComplete(host, spec, state))
          .map(({ id }) => ({ kind, id })),
      );
      for (const { kind, id } of missing) {
        await perSpec(`${kind}/${id}`, async () => {
          const spec = records[kind].get(id);
          if (spec) for (const line of await build(kind, spec)) logRepairFailure(kind, id, line);
        }).catch((error: unknown) => logRepairFailure(kind, id, error));
      }
      await removeUnneededBridges();
    },
  };
}

/** Makes a bridge match its newest segment. Calls that wait for the same bridge share one run. */
function bridges({ records, underlay }: LinuxHost, perBridge: KeyedQueue) {
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

/** Validates stored specs again: an earlier release may have accepted more. */
async function revalidateRecords(records: Records<Specs[SpecKind]>, kind: SpecKind, log: Log): Promise<void> {
  for (const record of records.list()) {
    try {
      const { spec } = validateSpec(kind, record);
      if (JSON.stringify(spec) !== JSON.stringify(record)) await records.put(spec);
    } catch (error) {
      log.error({ kind, id: record.id, error }, 'a stored spec is malformed and was removed');
      await records.remove(record.id);
    }
  }
}

const bridgesOf = <K extends SpecKind>(kind: K, spec: Specs[K] | undefined): string[] =>
  spec ? segmentsOf[kind](spec).map(({ bridge }) => bridge) : [];

/** How many namespaces each round checks: each costs four processes. */
const namespacesPerRound = 10;

/** Picks `count` of the keys, round robin. */
function rounds(): (all: readonly string[], count: number) => string[] {
  let last = '';
  return (all, count) => {
    const sorted = [...all].sort();
    const after = sorted.findIndex((key) => key > last);
    const rotated = after < 0 ? sorted : [...sorted.slice(after), ...sorted.slice(0, after)];
    const some = rotated.slice(0, count);
    last = some.at(-1) ?? '';
    return some;
  };
}

/** The same failure repeats in every round, so it is logged once. */
function repairFailureLog(log: Log) {
  const logged = new Map<string, string>();
  return (kind: SpecKind, id: string, error: unknown) => {
    if (logged.get(id) !== String(error))
      log.warn({ kind, id, error }, 'a spec could not be applied again; trying again');
    logged.set(id, String(error));
  };
}

/** In a loop over kinds TypeScript cannot relate a kind to its spec. */
const handlerOf = (kind: SpecKind) => specHandlers[kind] as SpecHandler<Specs[SpecKind]>;

async function keepSegments({ records }: LinuxHost, segments: readonly Segment[]): Promise<void> {
  for (const segment of segments) {
    const known = records.segment.get(segment.bridge);
    if (JSON.stringify(known) !== JSON.stringify(segment)) await records.segment.put(segment);
  }
}

function wantedBy({ records, underlay: { names } }: LinuxHost): Wanted {
  const bridges = [...neededSegments(records).keys()];
  const dhcp = records.dhcp.list();
  const routers = records.router.list();
  return {
    links: new Set([
      ...records.port.list().map(({ tap }) => tap),
      ...bridges,
      ...bridges.map(names.tunnel),
      ...dhcp.map(({ port }) => names.veth(port.id)),
      ...routers.flatMap(routerInterfaces).map(({ portId }) => names.routerVeth(portId)),
    ]),
    namespaces: new Set([
      ...dhcp.map(({ id }) => names.dhcpNamespace(networkOf(id))),
      ...routers.map(({ id }) => names.routerNamespace(id)),
    ]),
    networks: new Set(dhcp.map(({ id }) => networkOf(id))),
  };
}
