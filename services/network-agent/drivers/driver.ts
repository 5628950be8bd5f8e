import type { NetworkAgent, NetworkReport } from '#shared/contracts/network-agent.ts';

/** What stands behind the contract on a host. */
export interface NetworkDriver extends NetworkAgent {
  readonly kind: NetworkReport['driver'];
  /** What the host can do, probed once. */
  readonly features: readonly string[];
  /** Ids of the specs that stand here. */
  standing(): string[];
  /** Stops looking after the host. What was built stays. */
  close(): Promise<void>;
}
