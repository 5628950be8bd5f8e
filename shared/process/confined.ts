/**
 * Programs that read bytes of others: with limits, an empty environment, no capabilities, no network, and a user
 * that owns nothing but the files of this run.
 */
import { randomInt } from 'node:crypto';
import { type Ran, run, tryRun } from './run.ts';

export const isRoot = process.getuid?.() === 0;

/** Kept for such runs: above what people, containers and systemd use, below the users of guests. */
const firstUid = 1_800_000_000;
const uids = 100_000_000;
const inUse = new Set<number>();

/** Runs `work` as a user that no other run has; null when we are not root and cannot change who we are. */
export async function withOwnUid<T>(work: (uid: number | null) => Promise<T>): Promise<T> {
  if (!isRoot) return work(null);
  let uid = firstUid + randomInt(uids);
  while (inUse.has(uid)) uid = firstUid + randomInt(uids);
  inUse.add(uid);
  try {
    return await work(uid);
  } finally {
    inUse.delete(uid);
  }
}

/** Words before the words: without capabilities, for good, and as that user (null stays who we are). */
export function unprivileged(uid: number | null, groups: readonly number[] = []): string[] {
  if (uid === null) return ['setpriv', '--no-new-privs'];
  const company = groups.length ? [`--groups=${groups.join(',')}`] : ['--clear-groups'];
  const caps = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, ...company, ...caps, '--no-new-privs'];
}

export interface ConfinedOptions {
  readonly uid: number | null;
  readonly cwd?: string;
  /** Open descriptors the child finds as 3, 4 and so on. */
  readonly files?: readonly number[];
  /** No file that it writes may become larger. */
  readonly maxFileBytes: number;
  readonly memoryBytes?: number;
  readonly cpuSeconds?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const GiB = 2 ** 30;
const searchPath = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/** Runs to its end; throws CommandFailed unless it ended with 0. A limit that it meets ends it. */
export async function runConfined(words: readonly string[], options: ConfinedOptions): Promise<Ran> {
  const { uid, cwd, files = [], maxFileBytes, memoryBytes = 2 * GiB, cpuSeconds = 900 } = options;
  const limits = [`--as=${memoryBytes}`, `--cpu=${cpuSeconds}`, `--fsize=${maxFileBytes}`, '--core=0', '--nofile=64'];
  const clean = ['env', '-i', 'LC_ALL=C', `PATH=${searchPath}`];
  const before = ['prlimit', ...limits, '--', ...(await withoutNetwork()), ...unprivileged(uid), ...clean];
  const more = { ...(cwd === undefined ? {} : { cwd }), ...(options.signal ? { signal: options.signal } : {}) };
  return run([...before, ...words], { ...more, files, timeoutMs: options.timeoutMs ?? 30 * 60_000 });
}

let ways: Promise<readonly string[] | null> | undefined;

/** Words that give the child a network of its own, with nothing in it; null where the kernel does not let us. */
async function tryNoNetwork(): Promise<readonly string[] | null> {
  const words = isRoot ? ['unshare', '--net', '--'] : ['unshare', '--user', '--map-current-user', '--net', '--'];
  const works = await tryRun([...words, 'true']).catch(() => undefined);
  return works?.code === 0 ? words : null;
}

async function withoutNetwork(): Promise<readonly string[]> {
  ways ??= tryNoNetwork();
  return (await ways) ?? [];
}

/** What this host cannot do of it, in words for its log; nothing when it can do all. */
export async function missingConfinement(): Promise<readonly string[]> {
  ways ??= tryNoNetwork();
  const network = (await ways) === null ? ['no network of its own: unshare --net is not allowed here'] : [];
  return [...(isRoot ? [] : ['no user of its own: only root can change its user']), ...network];
}
