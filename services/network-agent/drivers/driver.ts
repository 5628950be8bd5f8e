import type { NetworkAgent, NetworkReport } from '#shared/contracts/network-agent.ts';

/** An implementation of the contract on one host. */
export interface NetworkDriver extends NetworkAgent {
  readonly kind: NetworkReport['driver'];
  /** Features of the host, probed once at the start. */
  readonly features: readonly string[];
  /** Why this host cannot do its work; empty when it can. */
  unfit(): string[];
  /** Ids of the specs that this host has. */
  appliedIds(): string[];
  /** Stops reconciling. Networks, routers and rules of the host stay. */
  close(): Promise<void>;
}
