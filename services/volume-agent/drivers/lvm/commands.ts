/** The commands of LVM, of one volume group; one at a time, since each locks the group. */
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import { CommandFailed, run } from '#shared/process/run.ts';
import { noSpace } from '../file/publish.ts';
import type { Item } from '../thin/blocks.ts';

export interface LogicalVolume {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface ThinPool {
  readonly sizeBytes: number;
  /** How much of its data, and of its metadata, is used. */
  readonly dataPercent: number;
  readonly metadataPercent: number;
  /** Whether it gives out blocks of zeros: without, a volume shows what a deleted one had. */
  readonly zeroes: boolean;
}

export interface Lvm {
  list(): Promise<ReadonlyMap<string, LogicalVolume>>;
  /** The thin volumes of the pool, and no other volume of the group. */
  items(): Promise<readonly Item[]>;
  pool(): Promise<ThinPool>;
  /** A thin volume of zeros. */
  create(name: string, sizeBytes: number): Promise<void>;
  /** A thin volume that shares the blocks of another one, active or, as snapshots are, not. */
  clone(from: string, name: string, active: boolean): Promise<void>;
  extend(name: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Does nothing when it does not exist. */
  remove(name: string): Promise<void>;
  activate(name: string): Promise<void>;
  deactivate(name: string): Promise<void>;
  /** Activates all volumes of the group: after a boot none is. */
  activateAll(): Promise<void>;
  devicePath(name: string): string;
}

/** One of its own grammar: a name of LVM never begins with a hyphen, and becomes part of a path. */
const groupName = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,62}$/;
const env = { LVM_SUPPRESS_FD_WARNINGS: '1' };
const timeoutMs = 120_000;

export function lvmOf(group: string, poolName: string): Lvm {
  requireName(groupName, group, 'the name of the volume group');
  requireName(groupName, poolName, 'the name of the thin pool');
  const queue = keyedQueue();
  const lvm = (...argv: readonly string[]) => queue(group, () => run(argv, { env, timeoutMs }).catch(fullPool));
  const full = (name: string) => `${group}/${name}`;
  const bytes = (count: number) => `${count}b`;
  const report = async (columns: string, of: string) => {
    const options = ['--reportformat', 'json', '--units', 'b', '--nosuffix', '-o', columns, of];
    const { stdout } = await lvm('lvs', ...options);
    return (JSON.parse(stdout) as Report).report.flatMap(({ lv }) => lv);
  };
  return {
    list: async () => {
      const rows = await report('lv_name,lv_size', group);
      return new Map(rows.map(({ lv_name: name = '', lv_size: size }) => [name, { name, sizeBytes: Number(size) }]));
    },
    items: async () => {
      const rows = await report('lv_name,lv_size,pool_lv,lv_device_open', group);
      return rows
        .filter(({ pool_lv: pool }) => pool === poolName)
        .map(({ lv_name: name = '', lv_size: size, lv_device_open: open }) => ({
          name,
          sizeBytes: Number(size),
          isOpen: open === 'open' || open === '1',
        }));
    },
    pool: async () => {
      const [row] = await report('lv_size,data_percent,metadata_percent,zero', full(poolName));
      return {
        sizeBytes: Number(row?.lv_size),
        dataPercent: Number(row?.data_percent),
        metadataPercent: Number(row?.metadata_percent),
        zeroes: row?.zero === 'zero' || row?.zero === '1',
      };
    },
    create: async (name, size) => {
      await lvm('lvcreate', '-y', '-q', '-V', bytes(size), '-T', full(poolName), '-n', name);
    },
    clone: async (from, name, active) => {
      const state = active ? ['-kn', '-ay'] : ['-ky'];
      await lvm('lvcreate', '-y', '-q', '-s', ...state, '-n', name, full(from));
    },
    extend: async (name, size) => {
      await lvm('lvextend', '-q', '-L', bytes(size), full(name));
    },
    rename: async (from, to) => {
      await lvm('lvrename', '-q', group, from, to);
    },
    remove: async (name) => {
      await lvm('lvremove', '-y', '-q', full(name)).catch(ignoreMissing);
    },
    activate: async (name) => {
      await lvm('lvchange', '-ay', '-K', full(name));
    },
    deactivate: async (name) => {
      await lvm('lvchange', '-an', full(name));
    },
    activateAll: async () => {
      await lvm('vgchange', '-ay', group);
    },
    devicePath: (name) => `/dev/${group}/${requireName(resourceId, name, 'the name of a logical volume')}`,
  };
}

interface Report {
  readonly report: readonly { readonly lv: readonly Readonly<Record<string, string | undefined>>[] }[];
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof CommandFailed) || !/Failed to find logical volume/.test(error.result.stderr)) throw error;
}

function fullPool(error: unknown): never {
  const isFull = /insufficient free space|exceeds? .*free space|Free space in pool .* reached|threshold/i;
  if (error instanceof CommandFailed && isFull.test(error.result.stderr)) throw noSpace(error.result.stderr.trim());
  throw error;
}
