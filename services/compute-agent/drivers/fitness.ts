/** Whether this host can do its work: log in for images, and write to its disk. A host that cannot is given no server. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '#shared/clients/session.ts';
import { every } from '#shared/clock/every.ts';
import type { Log } from '#shared/log/log.ts';

export interface Fitness {
  /** Why the host cannot do its work; none when it can. */
  reasons(): readonly string[];
  close(): Promise<void>;
}

interface FitnessOptions {
  readonly session: Pick<Session, 'token'>;
  readonly directory: string;
  readonly log: Log;
  readonly everyMs: number;
  /** How long identity may be away without effect: it restarts. */
  readonly patienceMs?: number;
  readonly onChange: () => void;
}

/** Resolves after the first check. */
export async function openFitness(options: FitnessOptions): Promise<Fitness> {
  const { log, everyMs, onChange } = options;
  const login = loginCheck(options);
  let found: readonly string[] = [];
  const check = async () => {
    const reasons = (await Promise.all([login(), diskProblem(options.directory)])).filter((each) => each !== undefined);
    if (reasons.join() === found.join()) return;
    found = reasons;
    if (reasons.length > 0) log.error({ reasons }, 'this host cannot do its work and gets no server');
    else log.info({}, 'this host can do its work again');
    onChange();
  };
  await check();
  const ticker = every(everyMs, check, (error) => log.warn({ error }, 'the fitness of this host is unknown'));
  return { reasons: () => found, close: ticker.close };
}

/** A refused login counts at once; an identity that does not answer, after `patienceMs`. */
function loginCheck({ session, patienceMs = 60_000 }: FitnessOptions) {
  let failingSince: number | undefined;
  return async (): Promise<string | undefined> => {
    try {
      await session.token();
      failingSince = undefined;
      return undefined;
    } catch (error) {
      failingSince ??= performance.now();
      const reason = messageOf(error);
      const isRefused = / was answered 4\d\d/.test(reason);
      return isRefused || performance.now() - failingSince >= patienceMs ? reason : undefined;
    }
  };
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

async function diskProblem(directory: string): Promise<string | undefined> {
  const file = join(directory, 'probe');
  try {
    await writeFile(file, 'x');
    await rm(file);
    return undefined;
  } catch (error) {
    return `its directory cannot be written: ${(error as Error).message}`;
  }
}
