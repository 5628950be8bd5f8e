/** One step of a rebalance: the moves that may be made now, which are explained and counted before they are. */
import type { RingReport } from '#shared/ring/dispersion.ts';
import { type Move, type Plan, planMoves, sharesOf } from '#shared/ring/moves.ts';
import type { Placement } from '#shared/ring/placement.ts';
import { tableOf } from '../rack/nodes.ts';

export const planStep = (placement: Placement, report: RingReport, minPartHours: number, now = Date.now()): Plan => {
  const broken = new Set(report.dispersion.broken);
  const isCurrent = report.dispersion.devices.every(({ state }) => !state || state.ringVersion === placement.version);
  const isWhole = (partition: number) => isCurrent && report.version === placement.version && !broken.has(partition);
  return planMoves(placement, { now, minPartHours, isWhole });
};

export const isDone = ({ moves, recent, notWhole }: Plan): boolean => moves.length + recent + notWhole === 0;

const reasons: Readonly<Record<Move['why'], string>> = {
  'no weight': 'the device has no weight any more',
  spread: 'the replicas are then in more regions, zones or hosts',
  balance: 'the shares of the devices follow their weights',
};

/** What is moved, by device and by reason, and what waits. */
export function describePlan(placement: Placement, plan: Plan, minPartHours: number): string {
  const { moves, recent, notWhole } = plan;
  if (isDone(plan)) return 'All replicas are where they should be.\n';
  const rows = sharesOf(placement, moves).map(({ device, has, wanted, after }) => {
    const change = after - has;
    return [
      device.key,
      String(device.weight),
      String(has),
      change > 0 ? `+${change}` : String(change),
      String(after),
      String(wanted),
    ];
  });
  const head = ['DEVICE', 'WEIGHT', 'REPLICAS', 'MOVES', 'THEN', 'IN THE END'];
  const why = Object.entries(reasons).flatMap(([reason, text]) => {
    const count = moves.filter((move) => move.why === reason).length;
    return count > 0 ? [`  ${count} because ${text}`] : [];
  });
  const examples = moves
    .slice(0, 3)
    .map(({ partition, from, to }) => `  partition ${partition}: ${from.key} -> ${to.key}`);
  const more = moves.length > 3 ? [`  and ${moves.length - 3} more`] : [];
  const waits = [
    ...(recent > 0 ? [`${recent} partitions wait: a replica of them was moved less than ${minPartHours} h ago.`] : []),
    ...(notWhole > 0 ? [`${notWhole} partitions wait until all their replicas are in place.`] : []),
  ];
  const lines = [
    `${moves.length} replicas may be moved now, at most one of a partition:`,
    ...why,
    ...examples,
    ...more,
    ...waits,
  ];
  return `${tableOf([head, ...rows])}\n${lines.join('\n')}\n`;
}
