/** Child processes, always as a list of words: nothing here knows a shell. */
import { spawn } from 'node:child_process';
import { childEnvironment } from './child-environment.ts';

export interface RunOptions {
  /** What the child reads; secrets go here, never into the words. */
  readonly input?: string | Buffer;
  /** Ended with SIGKILL after this long. 60 s unless told. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** Beside what every child is given: see childEnvironment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Open descriptors the child finds as 3, 4 and so on: files it need not be able to reach by name. */
  readonly files?: readonly number[];
}

export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child that ended otherwise than with 0. */
export class CommandFailed extends Error {
  readonly ran: Ran;
  constructor(words: readonly string[], ran: Ran) {
    super(`${words.join(' ')} ended with ${ran.code ?? 'a signal'}: ${ran.stderr.trim() || ran.stdout.trim()}`);
    this.ran = ran;
  }
}

/** Runs to its end and gives what it said; throws CommandFailed unless it ended with 0. */
export async function run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await tryRun(words, options);
  if (ran.code !== 0) throw new CommandFailed(words, ran);
  return ran;
}

/** The same, for those who look at the code themselves. Throws only when it cannot be started. */
export function tryRun(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input, timeoutMs = 60_000, signal, env, files = [], ...rest } = options;
  const [command = '', ...args] = words;
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL', ...(signal ? { signal } : {}) } as const;
  const stdio = ['pipe', 'pipe', 'pipe', ...files] as ['pipe', 'pipe', 'pipe'];
  const child = spawn(command, args, { ...rest, ...limits, env: childEnvironment(env), stdio });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() });
    });
  });
}
