/** Hosts on which nothing is built: `fake` for scale, `user` where there is no root and QEMU carries the guests' frames. */
import type { RouterSpec } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { NetworkDriver } from './driver.ts';

/** Writes down what it is asked, in memory. */
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
    specs,
    standing: () => [...specs.keys()],
    close: async () => {},
    ensurePort: ensure,
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

/** User-mode networking lets guests out; an address that leads in needs a network of the host's own. */
function refuseFloating({ floatingIps }: RouterSpec): void {
  const [first] = floatingIps;
  if (first)
    throw new Fault(
      501,
      'notImplemented',
      `${first.floating} cannot lead to a guest: this host runs Wattle without root`,
    );
}
