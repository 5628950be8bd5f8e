/**
 * The moves that bring the replicas of a ring to the devices that should have them: at most one replica of a partition at a time, and
 * the next only when the partition was found whole and `minPartHours` have passed. Each is explained before it happens.
 */
import { changed, type Placement } from './placement.ts';
import { type Device, rankDevices, spreadOf } from './ring.ts';

export interface Move {
  readonly partition: number;
  readonly from: Device;
  readonly to: Device;
  readonly why: 'no weight' | 'spread' | 'balance';
}

export interface Plan {
  readonly moves: readonly Move[];
  /** Partitions that have a move to make, and may not yet. */
  readonly recent: number;
  readonly notWhole: number;
}

interface Limits {
  readonly now: number;
  readonly minPartHours: number;
  /** Whether all replicas of a partition are known to be in place. */
  readonly isWhole: (partition: number) => boolean;
}

/** The next step of all partitions. `recent` and `notWhole` count those that wait. */
export function planMoves(placement: Placement, { now, minPartHours, isWhole }: Limits): Plan {
  const wanted = [...placement.rows.keys()].flatMap((partition) => moveOf(placement, partition) ?? []);
  const isRecent = ({ partition }: Move) => now / 60_000 < (placement.moved[partition] ?? 0) + minPartHours * 60;
  const ripe = wanted.filter((move) => !isRecent(move));
  const moves = ripe.filter(({ partition }) => isWhole(partition));
  return { moves, recent: wanted.length - ripe.length, notWhole: ripe.length - moves.length };
}

export function applyMoves(placement: Placement, moves: readonly Move[], now: number): Placement {
  const byPartition = new Map(moves.map((move) => [move.partition, move]));
  const rows = placement.rows.map((row, partition) => {
    const { from, to } = byPartition.get(partition) ?? {};
    return from && to ? row.map((key) => (key === from.key ? to.key : key)) : row;
  });
  const minutes = Math.floor(now / 60_000);
  const moved = placement.moved.map((before, partition) => (byPartition.has(partition) ? minutes : before));
  return changed(placement, { rows, moved });
}

function moveOf({ rows, devices, replicas }: Placement, partition: number): Move | undefined {
  const row = (rows[partition] ?? []).flatMap((key) => devices.filter((device) => device.key === key));
  const wanted = rankDevices(devices, partition).slice(0, replicas);
  const coming = wanted.filter((device) => !row.includes(device));
  const going = row.filter((device) => !wanted.includes(device)).toSorted((a, b) => a.weight - b.weight);
  const [from] = going;
  if (!from || coming.length === 0) return undefined;
  const stays = row.filter((device) => device !== from);
  const to = coming.reduce((best, each) => (spreadOf([...stays, each]) > spreadOf([...stays, best]) ? each : best));
  const why = from.weight === 0 ? 'no weight' : spreadOf([...stays, to]) > spreadOf(row) ? 'spread' : 'balance';
  return { partition, from, to, why };
}

export interface Share {
  readonly device: Device;
  /** Replicas of partitions that it has, that it should have, and that it has after the moves. */
  readonly has: number;
  readonly wanted: number;
  readonly after: number;
}

/** What each device has of the ring. */
export function sharesOf({ devices, rows, replicas }: Placement, moves: readonly Move[] = []): Share[] {
  const count = (list: readonly (readonly string[])[]) => {
    const counts = new Map<string, number>();
    for (const key of list.flat()) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  };
  const has = count(rows);
  const wanted = count(
    rows.map((_, at) =>
      rankDevices(devices, at)
        .slice(0, replicas)
        .map(({ key }) => key),
    ),
  );
  const after = new Map(has);
  for (const { from, to } of moves) {
    after.set(from.key, (after.get(from.key) ?? 0) - 1);
    after.set(to.key, (after.get(to.key) ?? 0) + 1);
  }
  return devices.map((device) => ({
    device,
    has: has.get(device.key) ?? 0,
    wanted: wanted.get(device.key) ?? 0,
    after: after.get(device.key) ?? 0,
  }));
}
