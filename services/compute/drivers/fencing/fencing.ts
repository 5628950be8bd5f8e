/**
 * Fencing: makes sure that a host that is lost can do nothing any more, before its servers start elsewhere. That a host does not
 * answer proves nothing: it may be cut off, with its guests running.
 */

/** What it needs to know of a server. */
interface Fenceable {
  /** Null for one that boots from a volume. */
  readonly image: { readonly format: string } | null;
  readonly flavor: { readonly ephemeralGb: number };
}

export type Fenced = { readonly fenced: true } | { readonly fenced: false; readonly reason: string };

export interface Fencing {
  readonly name: string;
  /** Resolves when the host is fenced, or with the reason why it cannot be. */
  fence(host: string): Promise<Fenced>;
  /** Why fencing the host does not stop this server; null when it does. */
  uncovered(server: Fenceable): string | null;
}

export const refused = (reason: string): Fenced => ({ fenced: false, reason });

export const noFencing: Fencing = {
  name: 'none',
  fence: async () => refused('No fencing driver is set (compute.fencing), so the host may still run its servers.'),
  uncovered: () => null,
};

/**
 * The storage refuses the old writer: an evacuation gives each volume a new account for the new host, and removes the old one
 * with its sessions, before the guest boots. So it covers servers without local disks.
 */
export const storageFencing: Fencing = {
  name: 'storage',
  fence: async () => ({ fenced: true }),
  uncovered: (server) =>
    hasLocalDisks(server) ? 'It has disks on its host, whose writes the storage cannot refuse.' : null,
};

/** What a restart elsewhere would lose. */
export const hasLocalDisks = ({ image, flavor }: Fenceable): boolean =>
  (image !== null && image.format !== 'iso') || flavor.ephemeralGb > 0;
