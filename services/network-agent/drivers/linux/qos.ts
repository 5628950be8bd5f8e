/**
 * Bridge family: the limits and the mark of a port. What is beyond a limit is dropped, as a switch does. The bucket of nft
 * holds a second of the rate beside the burst, so a guest that was silent sends that much at once.
 */
import type { PortSpec } from '#shared/contracts/network-agent.ts';

type Limit = NonNullable<PortSpec['qos']>['limits'][number];

/** A burst holds some frames at least, or nothing would pass. */
const leastBurstBytes = 16_000;

export const limitLines = ({ qos }: PortSpec, direction: Limit['direction']): string[] =>
  (qos?.limits ?? []).filter((limit) => limit.direction === direction).map(limitLine);

/** A limit of 0 lets nothing through. */
function limitLine({ kbps, burstKb }: Limit): string {
  const bytes = Math.floor((kbps * 1000) / 8);
  if (bytes === 0) return 'drop';
  const burst = Math.floor(Math.max(leastBurstBytes, burstKb === 0 ? bytes * 0.8 : (burstKb * 1000) / 8));
  return `limit rate over ${bytes} bytes/second burst ${burst} bytes drop`;
}

export const markLines = ({ qos }: PortSpec): string[] =>
  qos?.dscp === null || qos?.dscp === undefined
    ? []
    : [`ether type ip ip dscp set ${qos.dscp}`, `ether type ip6 ip6 dscp set ${qos.dscp}`];
