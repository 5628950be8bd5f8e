/**
 * Where the replicas of each partition are: the part of the ring that changes with time. It is a document with a version: in the file
 * var/object-ring.json of a cloud on one host, in the registry of a rack, which gives it to all nodes.
 */
import { BadSettings } from '#shared/config/settings.ts';
import { type Device, rankDevices } from './ring.ts';

export interface Placement {
  readonly version: number;
  readonly replicas: number;
  readonly partPower: number;
  readonly devices: readonly Device[];
  /** The devices of the settings when they were last read: what changes there changes here. */
  readonly given: readonly Device[];
  /** By partition: the keys of its devices. */
  readonly rows: readonly (readonly string[])[];
  /** By partition: when one of its replicas was moved, in minutes since 1970; 0 for never. */
  readonly moved: readonly number[];
}

export type Given = Pick<Placement, 'replicas' | 'partPower' | 'devices'>;

/** The placement of these settings. Replicas that have no device get one; none is moved from one device to another. */
export function follow(before: Placement | undefined, settings: Given): Placement {
  const empty = { ...settings, devices: [], version: 0, given: [], rows: [], moved: [] };
  const devices = merged(before ?? empty, settings.devices);
  return changed(before ?? empty, { ...settings, devices, given: settings.devices });
}

/** The devices with what was added, removed and changed in the settings. */
function merged({ devices, given }: Placement, now: readonly Device[]): Device[] {
  const keysOf = (list: readonly Device[]) => new Map(list.map((device) => [device.key, device]));
  const [before, after] = [keysOf(given), keysOf(now)];
  const kept = devices.filter(({ key }) => !before.has(key) || after.has(key));
  const fresh = now.filter((device) => JSON.stringify(before.get(device.key)) !== JSON.stringify(device));
  const updated = keysOf(fresh);
  return [
    ...kept.map((device) => updated.get(device.key) ?? device),
    ...fresh.filter(({ key }) => !kept.some((device) => device.key === key)),
  ];
}

/** The same placement when nothing changes, otherwise the next version, in which each replica has a device if there is one. */
export function changed(before: Placement, change: Partial<Placement>): Placement {
  const next = { ...before, ...change };
  const partitions = [...Array(2 ** next.partPower).keys()];
  const rows = partitions.map((partition) => filled(next, partition));
  const moved = partitions.map((partition) => next.moved[partition] ?? 0);
  const full = { ...next, rows, moved };
  return JSON.stringify(full) === JSON.stringify(before) ? before : { ...full, version: before.version + 1 };
}

/** A replica whose device has left the ring gets another one in its place. */
function filled({ rows, devices, replicas }: Placement, partition: number): string[] {
  const held = (rows[partition] ?? []).slice(0, replicas);
  const known = held.map((key) => devices.find((device) => device.key === key));
  if (held.length === replicas && !known.includes(undefined)) return held;
  const taken = known.filter((device) => device !== undefined);
  const fresh = rankDevices(devices, partition, taken);
  const all = [...Array(replicas).keys()].map((replica) => known[replica] ?? fresh.shift());
  return all.flatMap((device) => (device ? [device.key] : []));
}

interface Encoded extends Omit<Placement, 'rows' | 'moved'> {
  readonly rows: string;
  readonly moved: string;
}

const none = 0xffff;

/** Numbers of devices and times as base64: a few KiB for a thousand partitions. */
export function encodePlacement({ rows, moved, ...rest }: Placement): Encoded {
  const { devices, replicas } = rest;
  const numbers = new Map(devices.map(({ key }, at) => [key, at]));
  const flat = rows.flatMap((row) =>
    [...Array(replicas).keys()].map((replica) => numbers.get(row[replica] ?? '') ?? none),
  );
  return { ...rest, rows: base64(new Uint16Array(flat)), moved: base64(new Uint32Array(moved)) };
}

const base64 = ({ buffer }: Uint16Array | Uint32Array): string => Buffer.from(buffer as ArrayBuffer).toString('base64');

/** Throws BadSettings for a document that is not one. */
export function decodePlacement(encoded: unknown): Placement {
  const { rows, moved, ...rest } = encoded as Encoded;
  if (typeof rows !== 'string' || !Array.isArray(rest.devices)) throw new BadSettings('this is no placement of a ring');
  const { devices, replicas, partPower } = rest;
  const partitions = [...Array(2 ** partPower).keys()];
  const [cells, times] = [Buffer.from(rows, 'base64'), Buffer.from(moved, 'base64')];
  if (cells.length !== partitions.length * replicas * 2 || times.length !== partitions.length * 4)
    throw new BadSettings('the rows of the ring are damaged');
  const rowOf = (partition: number) =>
    [...Array(replicas).keys()].flatMap(
      (replica) => devices[cells.readUInt16LE((partition * replicas + replica) * 2)]?.key ?? [],
    );
  return {
    ...rest,
    rows: partitions.map(rowOf),
    moved: partitions.map((partition) => times.readUInt32LE(partition * 4)),
  };
}
