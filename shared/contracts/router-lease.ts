/**
 * The lease of the routers of a host. Its agent requests it again and again; without an answer it ends, and the kernel of the
 * host lets its routers send nothing more. See services/network/README.md.
 */

/** The bus address of the request. */
export const renewRouterLease = 'network.renew-router-lease';
/** A notification: what the host may run has changed. */
export const routersChanged = (host: string): string => `network.routers-changed.${host}`;

export interface RenewRouterLease {
  request: {
    readonly host: string;
    /** Grows with each start of the agent. */
    readonly boot: number;
    /** Grows with each request of one boot. */
    readonly seq: number;
    /** The time after which its kernel stops the routers, counted from before this request. */
    readonly armedMs: number;
    /** What the kernel of the host has now: the latest answer that was applied. Answers between it and this request never will be. */
    readonly applied: { readonly seq: number; readonly lasting: boolean } | null;
  };
  reply: {
    /** The time for which the next request is to be armed; null when no other host can take the routers. */
    readonly leaseMs: number | null;
    /** The ids of the routers that this host may run. */
    readonly routers: readonly string[];
    /** Routers of this host that another host has not given up yet. */
    readonly pending: number;
  };
}
