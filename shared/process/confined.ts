/**
 * Runs programs that read untrusted data: with resource limits, an empty environment, no capabilities, no network, and as
 * a user that owns only the files of this run.
 */
import { randomInt } from 'node:crypto';
import { type CommandResult, run, tryRun } from './run.ts';

export const isRoot = process.getuid?.() === 0;

/** User ids of such runs: above those of people, containers and systemd, below those of guests. */
const firstUid = 1_800_000_000;
const uids = 100_000_000;
const inUse = new Set<number>();

/** Calls `work` with a user id that no concurrent run has; null when this process is not root. */
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

/** The `setpriv` prefix of a command line: no capabilities, no new privileges, and that user (null: the present one). */
export function unprivileged(uid: number | null, groups: readonly number[] = []): string[] {
  if (uid === null) return ['setpriv', '--no-new-privs'];
  const groupOptions = groups.length ? [`--groups=${groups.join(',')}`] : ['--clear-groups'];
  const caps = ['--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'];
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, ...groupOptions, ...caps, '--no-new-privs'];
}

export interface ConfinedOptions {
  readonly uid: number | null;
  readonly cwd?: string;
  /** Open file descriptors that the child gets as 3, 4 and so on. */
  readonly files?: readonly number[];
  /** The maximum size of a file that it writes. */
  readonly maxFileBytes: number;
  readonly memoryBytes?: number;
  readonly cpuSeconds?: number;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const GiB = 2 ** 30;
/** Each of glibc's arenas reserves up to 128 MiB of the address space that is limited: threads could not be started. */
const oneArena = 'MALLOC_ARENA_MAX=1';
const searchPath = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';

/** Runs a command to its end. Throws CommandFailed for another exit code than 0, also when it exceeds a limit. */
export async function runConfined(argv: readonly string[], options: ConfinedOptions): Promise<CommandResult> {
  const { uid, cwd, files = [], maxFileBytes, memoryBytes = 2 * GiB, cpuSeconds = 900 } = options;
  const limits = [`--as=${memoryBytes}`, `--cpu=${cpuSeconds}`, `--fsize=${maxFileBytes}`, '--core=0', '--nofile=64'];
  const clean = ['env', '-i', 'LC_ALL=C', `PATH=${searchPath}`, oneArena];
  const prefix = ['prlimit', ...limits, '--', ...(await withoutNetwork()), ...unprivileged(uid), ...clean];
  const more = { ...(cwd === undefined ? {} : { cwd }), ...(options.signal ? { signal: options.signal } : {}) };
  return run([...prefix, ...argv], { ...more, files, timeoutMs: options.timeoutMs ?? 30 * 60_000 });
}

let unshare: Promise<readonly string[] | null> | undefined;

/** The `unshare` prefix for an empty network namespace; null where the kernel does not allow one. */
async function findUnshare(): Promise<readonly string[] | null> {
  const prefix = isRoot ? ['unshare', '--net', '--'] : ['unshare', '--user', '--map-current-user', '--net', '--'];
  const result = await tryRun([...prefix, 'true']).catch(() => undefined);
  return result?.code === 0 ? prefix : null;
}

async function withoutNetwork(): Promise<readonly string[]> {
  unshare ??= findUnshare();
  return (await unshare) ?? [];
}

/** The parts of the confinement that this host cannot provide, as texts for the log. */
export async function missingConfinement(): Promise<readonly string[]> {
  unshare ??= findUnshare();
  const network = (await unshare) === null ? ['no network namespace: unshare --net is not allowed here'] : [];
  return [...(isRoot ? [] : ['no user of its own: only root can change its user']), ...network];
}
