/** Hosts on which nothing is built: `fake` for scale, `user` where there is no root and QEMU carries the guests' frames. */
import type { RouterWish } from '#shared/contracts/network-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { NetworkDriver } from './driver.ts';

/** Writes down what it is asked, in memory. */
export function memoryDriver(kind: 'fake' | 'user'): NetworkDriver & { readonly wishes: ReadonlyMap<string, unknown> } {
  const wishes = new Map<string, unknown>();
  const ensure = async (wish: { readonly id: string }) => {
    wishes.set(wish.id, wish);
    return { refused: [] };
  };
  const gone = async ({ id }: { readonly id: string }) => {
    wishes.delete(id);
  };
  return {
    kind,
    features: [],
    wishes,
    standing: () => [...wishes.keys()],
    close: async () => {},
    ensurePort: ensure,
    ensurePortGone: gone,
    ensureGroup: ensure,
    ensureGroupGone: gone,
    ensureDhcp: ensure,
    ensureDhcpGone: gone,
    ensureRouter: async (wish) => {
      if (kind === 'user') refuseFloating(wish);
      return ensure(wish);
    },
    ensureRouterGone: gone,
    ensureExternal: ensure,
    ensureExternalGone: gone,
  };
}

/** User-mode networking lets guests out; an address that leads in needs a network of the host's own. */
function refuseFloating({ floatingIps }: RouterWish): void {
  const [first] = floatingIps;
  if (first)
    throw new Fault(
      501,
      'notImplemented',
      `${first.floating} cannot lead to a guest: this host runs Wattle without root`,
    );
}
