/** Drivers that build nothing: `fake` for tests at scale, `user` without root, where QEMU's user-mode networking serves guests. */
import type { RouterSpec } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { NetworkDriver } from './driver.ts';

/** Keeps the specs in memory. */
export function memoryDriver(kind: 'fake' | 'user'): NetworkDriver & { readonly specs: ReadonlyMap<string, unknown> } {
  const specs = new Map<string, unknown>();
  const ensure = async (spec: { readonly id: string }) => {
    specs.set(spec.id, spec);
    return { refused: [] };
  };
  const gone = async ({ id }: { readonly id: string }) => {
    specs.delete(id);
  };
  return {
    kind,
    features: [],
    unfit: () => [],
    specs,
    appliedIds: () => [...specs.keys()],
    close: async () => {},
    ensurePort: async (spec) => {
      await ensure(spec);
      return { refused: kind === 'user' && spec.qos ? ['its QoS policy, which needs a host with root'] : [] };
    },
    ensurePortGone: gone,
    ensureGroup: ensure,
    ensureGroupGone: gone,
    ensureDhcp: ensure,
    ensureDhcpGone: gone,
    ensureRouter: async (spec) => {
      if (kind === 'user') refuseFloating(spec);
      return ensure(spec);
    },
    ensureRouterGone: gone,
    ensureExternal: ensure,
    ensureExternalGone: gone,
  };
}

/** User-mode networking has no inbound connections, so floating IPs need a host with root. */
function refuseFloating({ floatingIps, forwardings = [] }: RouterSpec): void {
  const [first] = [...floatingIps, ...forwardings];
  if (first)
    throw new Fault(
      501,
      'notImplemented',
      `floating IP ${first.floating} cannot reach a guest: this host runs Wattle without root`,
    );
}
