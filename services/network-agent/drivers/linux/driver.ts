/** Implements the contract with the kernel's bridges, namespaces and packet filter, and repairs them periodically. */
import { existsSync } from 'node:fs';
import type { Bus } from '#shared/bus/bus.ts';
import { every } from '#shared/clock/every.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import type { NetworkDriver } from '../driver.ts';
import { appliedIds, openRecords, type SpecKind, type Specs } from '../records.ts';
import type { RouterGateway, RouterLease } from '../router-lease.ts';
import { runUnlessGone } from './commands.ts';
import { openFirewall } from './firewall.ts';
import type { HostEndpoint } from './host-endpoints.ts';
import { openMetadata } from './metadata.ts';
import { lackingOf, probe, recentDnsmasq } from './probe.ts';
import { openReconciler, type Reconciler } from './reconciler.ts';
import { openGateway } from './router-gate.ts';
import type { Underlay } from './underlay.ts';

interface LinuxOptions extends Underlay {
  readonly stateDir: string;
  readonly bus: Bus;
  readonly log: Log;
  readonly hostEndpoints: readonly HostEndpoint[];
  /** Name servers for networks that have none. */
  readonly upstream: readonly string[];
  readonly healMs: number;
  /** Holds the lease of the routers of this host; without it they always run. */
  readonly lease?: (gateway: RouterGateway) => Promise<RouterLease>;
}

export async function linuxDriver(options: LinuxOptions): Promise<NetworkDriver> {
  const { names, stateDir, bus, log, upstream, healMs } = options;
  const features = await probe(names);
  const records = openRecords(stateDir);
  const metadata = openMetadata(bus, log);
  const firewall = openFirewall(options, records, options.hostEndpoints);
  const reconciler = openReconciler({ underlay: options, stateDir, records, firewall, metadata, upstream }, log);
  const lacking = lackingOf(features);
  if (!features.includes(recentDnsmasq))
    log.error({ features }, 'dnsmasq is older than 2.90 and has known vulnerabilities that guests can exploit');
  if (lacking.length > 0) log.error({ lacking }, 'this host lacks features that networks need');
  const gate = options.lease && lacking.length === 0 ? await openGateway(names, records, log) : undefined;
  if (lacking.length === 0) await reconciler.restore();
  const lease = gate && (await options.lease?.(gate));
  const healing = every(
    healMs,
    async () => {
      if (lacking.length > 0) return;
      await gate?.heal();
      await reconciler.heal();
    },
    (error) => log.warn({ error }, 'the networks of this host could not be repaired; trying again'),
  );
  healing.wake();
  const close = async () => {
    await healing.close();
    await lease?.close();
    await gate?.close();
    await metadata.close();
  };
  return {
    kind: 'linux',
    features,
    unfit: () => unfitReasons(options, lacking),
    appliedIds: () => appliedIds(records),
    close,
    ...verbsOf(reconciler, lacking, lease),
  };
}

/** What an operator has to mend before this host can carry networks. */
function unfitReasons({ wires }: Underlay, lacking: readonly string[]): string[] {
  const absent = [...wires].filter(([, nic]) => !existsSync(`/sys/class/net/${nic}`));
  return [
    ...(lacking.length > 0 ? [`the host lacks ${lacking.join(', ')}`] : []),
    ...absent.map(([physical, nic]) => `NIC ${nic} of physical network ${physical} does not exist`),
  ];
}

function verbsOf(reconciler: Reconciler, lacking: readonly string[], lease: RouterLease | undefined) {
  const requireFeatures = () => {
    if (lacking.length > 0) throw new Fault(501, 'notImplemented', `this host lacks ${lacking.join(', ')}`);
  };
  const ensure =
    <K extends SpecKind>(kind: K) =>
    async (spec: Specs[K]) => {
      requireFeatures();
      return { refused: await reconciler.ensure(kind, spec) };
    };
  const gone = (kind: SpecKind) => async (spec: { readonly id: string }) => {
    requireFeatures();
    await reconciler.ensureGone(kind, spec.id);
  };
  return {
    ensurePort: ensure('port'),
    ensureGroup: ensure('group'),
    ensureGroupGone: gone('group'),
    ensureDhcp: ensure('dhcp'),
    ensureDhcpGone: gone('dhcp'),
    ensureRouter: async (spec: Specs['router']) => {
      const applied = await ensure('router')(spec);
      await lease?.routerBuilt(spec.id);
      return applied;
    },
    ensureRouterGone: async (spec: { readonly id: string }) => {
      await gone('router')(spec);
      lease?.wake();
    },
    ensureExternal: ensure('external'),
    ensureExternalGone: gone('external'),
    ensurePortGone: async (spec: { readonly id: string; readonly tap: string }) => {
      await gone('port')(spec);
      // The compute agent deletes the tap too, with the guest.
      await runUnlessGone(['ip', 'link', 'del', spec.tap], /Cannot find device/);
    },
  };
}
