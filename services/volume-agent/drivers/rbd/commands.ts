/** The commands of Ceph for the images of one pool. The key of the user stays in its keyring: no argument contains it. */
import { requireName } from '#shared/contracts/grammar.ts';
import { CommandFailed, run } from '#shared/process/run.ts';
import { noSpace } from '../file/publish.ts';

export interface CephUser {
  /** The path of ceph.conf, which says where the keyring is. */
  readonly conf: string;
  /** The name of the cephx user, without `client.`. */
  readonly user: string;
}

export interface RbdImage {
  readonly sizeBytes: number;
  /** What it was cloned from: `id` names it, also after it was moved to the trash. */
  readonly parent: { readonly pool: string; readonly id: string } | null;
}

export interface Watcher {
  readonly address: string;
}

export interface Rbd {
  readonly pool: string;
  names(): Promise<ReadonlySet<string>>;
  /** By its name, or by its id in the trash. Undefined when there is none. */
  find(name: string, inTrash?: string): Promise<RbdImage | undefined>;
  create(name: string, sizeBytes: number): Promise<void>;
  resize(name: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  addSnapshot(name: string, snapshot: string): Promise<void>;
  /** Does nothing when there is none. A snapshot that has clones stays in the trash until they are gone. */
  removeSnapshot(name: string, snapshot: string): Promise<void>;
  /** Names of the snapshots of all images, as `image@snapshot`. */
  snapshots(): Promise<readonly string[]>;
  clone(
    from: { readonly pool: string; readonly image: string; readonly snapshot: string },
    name: string,
  ): Promise<void>;
  /** Copies what it shares with its parent. */
  flatten(name: string): Promise<void>;
  importFile(path: string, name: string): Promise<void>;
  exportFile(name: string, path: string): Promise<void>;
  /** Out of sight at once; `purge` frees its space. */
  trash(name: string): Promise<void>;
  /** Removes from the trash what nothing was cloned from. Returns how many are left. */
  purge(): Promise<number>;
  watchers(name: string): Promise<readonly Watcher[]>;
  /** Cuts a client off: it reads and writes nothing any more. */
  blocklist(address: string, seconds: number): Promise<void>;
  /** Bytes of one copy. */
  space(): Promise<{ readonly usedBytes: number; readonly freeBytes: number }>;
  replicas(): Promise<number>;
  balancesReads(): Promise<boolean>;
  setBalancedReads(): Promise<void>;
  monitors(): Promise<readonly string[]>;
  fsid(): Promise<string>;
  /** The arguments of a command that the caller starts itself. */
  argv(...args: readonly string[]): string[];
  imageSpec(name: string): string;
}

const poolName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const imageName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;
const hours = 3_600_000;
const quick = { timeoutMs: 60_000 };
const copying = { timeoutMs: 12 * hours };
const policyKey = 'rbd_read_from_replica_policy';

export function rbdOf({ conf, user }: CephUser, pool: string): Rbd {
  requireName(poolName, pool, 'the name of the pool');
  const login = ['--conf', conf, '--id', user];
  const checked = (name: string) => requireName(imageName, name, 'the name of an RBD image');
  const imageSpec = (name: string) => `${pool}/${checked(name)}`;
  const rbd = (args: readonly string[], options = quick) => run(['rbd', ...login, ...args], options).catch(fullCluster);
  const json = async <T>(args: readonly string[]) => JSON.parse((await rbd([...args, '--format', 'json'])).stdout) as T;
  const ceph = async <T>(...args: readonly string[]) => {
    const { stdout } = await run(['ceph', ...login, ...args, '--format', 'json'], quick);
    return (stdout.trim() === '' ? null : JSON.parse(stdout)) as T;
  };
  return {
    pool,
    argv: (...args) => ['rbd', ...login, ...args],
    imageSpec,
    names: async () => new Set(await json<string[]>(['ls', pool])),
    find: async (name, inTrash) => {
      const of = inTrash === undefined ? [imageSpec(name)] : ['--pool', pool, '--image-id', checked(inTrash)];
      const found = await json<Info>(['info', ...of]).catch(ifMissing(undefined));
      return found && { sizeBytes: found.size, parent: found.parent ?? null };
    },
    create: async (name, size) => void (await rbd(['create', '--size', `${size}B`, imageSpec(name)])),
    resize: async (name, size) => void (await rbd(['resize', '--no-progress', '--size', `${size}B`, imageSpec(name)])),
    rename: async (from, to) => void (await rbd(['rename', imageSpec(from), imageSpec(to)])),
    addSnapshot: async (name, snapshot) =>
      void (await rbd(['snap', 'create', '--no-progress', `${imageSpec(name)}@${checked(snapshot)}`])),
    removeSnapshot: async (name, snapshot) =>
      void (await rbd(['snap', 'rm', '--no-progress', `${imageSpec(name)}@${checked(snapshot)}`]).catch(
        ifMissing(undefined),
      )),
    snapshots: async () =>
      (await json<{ image: string; snapshot?: string }[]>(['ls', '--long', pool])).flatMap(({ image, snapshot }) =>
        snapshot === undefined ? [] : [`${image}@${snapshot}`],
      ),
    clone: async (from, name) => {
      const parent = `${requireName(poolName, from.pool, 'the name of a pool')}/${checked(from.image)}@${checked(from.snapshot)}`;
      await rbd(['clone', '--rbd-default-clone-format', '2', parent, imageSpec(name)]);
    },
    flatten: async (name) => void (await rbd(['flatten', '--no-progress', imageSpec(name)], copying)),
    importFile: async (path, name) => void (await rbd(['import', '--no-progress', path, imageSpec(name)], copying)),
    exportFile: async (name, path) => void (await rbd(['export', '--no-progress', imageSpec(name), path], copying)),
    trash: async (name) => void (await rbd(['trash', 'mv', imageSpec(name)]).catch(ifMissing(undefined))),
    purge: async () => {
      const left = await json<{ id: string }[]>(['trash', 'ls', pool]);
      const removed = [];
      for (const { id } of left)
        removed.push(await rbd(['trash', 'rm', '--no-progress', `${pool}/${checked(id)}`], copying).then(yes, no));
      return removed.filter((each) => !each).length;
    },
    watchers: async (name) =>
      (await json<{ watchers?: Watcher[] }>(['status', imageSpec(name)]).catch(ifMissing({ watchers: [] }))).watchers ??
      [],
    blocklist: async (address, seconds) => {
      await run(['ceph', ...login, 'osd', 'blocklist', 'add', address, String(seconds)], quick);
    },
    space: async () => {
      const { pools } = await ceph<Df>('df');
      const stats = pools.find(({ name }) => name === pool)?.stats;
      return { usedBytes: stats?.stored ?? 0, freeBytes: stats?.max_avail ?? 0 };
    },
    replicas: async () => (await ceph<{ size?: number }>('osd', 'pool', 'get', pool, 'size')).size ?? 1,
    balancesReads: async () => {
      const options = await json<{ name: string; value: string }[]>(['config', 'pool', 'list', pool]);
      return options.some(({ name, value }) => name === policyKey && value !== 'default');
    },
    setBalancedReads: async () => void (await rbd(['config', 'pool', 'set', pool, policyKey, 'balance'])),
    monitors: async () =>
      (await ceph<MonDump>('mon', 'dump')).mons.flatMap(({ public_addrs: { addrvec } }) =>
        addrvec.filter(({ type }) => type === 'v1').map(({ addr }) => addr),
      ),
    fsid: async () => (await ceph<{ fsid: string }>('fsid')).fsid,
  };
}

interface Info {
  readonly size: number;
  readonly parent?: { readonly pool: string; readonly id: string };
}

interface Df {
  readonly pools: readonly {
    readonly name: string;
    readonly stats: { readonly stored: number; readonly max_avail: number };
  }[];
}

interface MonDump {
  readonly mons: readonly {
    readonly public_addrs: { readonly addrvec: readonly { readonly type: string; readonly addr: string }[] };
  }[];
}

const yes = () => true;
const no = () => false;

/** Exit status 2 is ENOENT. */
const ifMissing =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof CommandFailed && error.result.code === 2) return value;
    throw error;
  };

/** Exit status 28 is ENOSPC. */
function fullCluster(error: unknown): never {
  if (error instanceof CommandFailed && error.result.code === 28) throw noSpace(error.result.stderr.trim());
  throw error;
}
