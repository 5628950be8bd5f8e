/** Makes the contract true with the kernel's own bridges, namespaces and packet filter, and keeps it true. */
import type { Bus } from '#shared/bus/bus.ts';
import { every } from '#shared/clock/every.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Log } from '#shared/log/log.ts';
import type { NetworkDriver } from '../driver.ts';
import { type Kind, openRecords, type Specs, standingIn } from '../records.ts';
import type { Underlay } from './bridge.ts';
import { callForGone } from './commands.ts';
import { openFirewall } from './firewall.ts';
import type { HostEndpoint } from './host-endpoints.ts';
import { type Keeper, openKeeper } from './keeper.ts';
import { openMetadata } from './metadata.ts';
import { lackingOf, probe, recentDnsmasq } from './probe.ts';

interface LinuxOptions extends Underlay {
  readonly stateDir: string;
  readonly bus: Bus;
  readonly log: Log;
  readonly hostEndpoints: readonly HostEndpoint[];
  /** Name servers for networks that have none. */
  readonly upstream: readonly string[];
  readonly healMs: number;
}

export async function linuxDriver(options: LinuxOptions): Promise<NetworkDriver> {
  const { names, stateDir, bus, log, upstream, healMs } = options;
  const features = await probe(names);
  const records = openRecords(stateDir);
  const metadata = openMetadata(bus, log);
  const firewall = openFirewall(options, records, options.hostEndpoints);
  const keeper = openKeeper({ underlay: options, stateDir, records, firewall, metadata, upstream }, log);
  const lacking = lackingOf(features);
  if (!features.includes(recentDnsmasq))
    log.error({ features }, 'dnsmasq is older than 2.90, whose known flaws guests can reach');
  if (lacking.length > 0) log.error({ lacking }, 'this host cannot carry networks');
  else await keeper.restore();
  const healing = every(
    healMs,
    async () => (lacking.length > 0 ? undefined : keeper.heal()),
    (error) => log.warn({ error }, 'the host could not be looked after'),
  );
  healing.wake();
  const close = async () => {
    await healing.close();
    await metadata.close();
  };
  return { kind: 'linux', features, standing: () => standingIn(records), close, ...verbsOf(keeper, lacking) };
}

function verbsOf(keeper: Keeper, lacking: readonly string[]) {
  const able = () => {
    if (lacking.length > 0) throw new Fault(501, 'notImplemented', `this host lacks ${lacking.join(', ')}`);
  };
  const ensure =
    <K extends Kind>(kind: K) =>
    async (spec: Specs[K]) => {
      able();
      return { refused: await keeper.ensure(kind, spec) };
    };
  const gone = (kind: Kind) => async (spec: { readonly id: string }) => {
    able();
    await keeper.ensureGone(kind, spec.id);
  };
  return {
    ensurePort: ensure('port'),
    ensureGroup: ensure('group'),
    ensureGroupGone: gone('group'),
    ensureDhcp: ensure('dhcp'),
    ensureDhcpGone: gone('dhcp'),
    ensureRouter: ensure('router'),
    ensureRouterGone: gone('router'),
    ensureExternal: ensure('external'),
    ensureExternalGone: gone('external'),
    ensurePortGone: async (spec: { readonly id: string; readonly tap: string }) => {
      await gone('port')(spec);
      // The compute agent takes it away too, with the guest.
      await callForGone(['ip', 'link', 'del', spec.tap], /Cannot find device/);
    },
  };
}
