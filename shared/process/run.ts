/** Runs child processes from a list of arguments, never through a shell. */
import { spawn } from 'node:child_process';
import { childEnvironment } from './child-environment.ts';

export interface RunOptions {
  /** Standard input. Secrets are passed here, never as arguments. */
  readonly input?: string | Buffer;
  /** After this time the child gets SIGKILL. 60 s by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  /** Added to childEnvironment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Open file descriptors that the child gets as 3, 4 and so on. */
  readonly files?: readonly number[];
}

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child had another exit code than 0, or was ended by a signal. */
export class CommandFailed extends Error {
  readonly result: CommandResult;
  constructor(argv: readonly string[], result: CommandResult) {
    const { code, stdout, stderr } = result;
    super(`${argv.join(' ')} ended with ${code ?? 'a signal'}: ${stderr.trim() || stdout.trim()}`);
    this.result = result;
  }
}

/** Runs a command to its end. Throws CommandFailed unless it exits with 0. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const result = await tryRun(argv, options);
  if (result.code !== 0) throw new CommandFailed(argv, result);
  return result;
}

/** Runs a command to its end, whatever its exit code. Throws only when it cannot be started or is aborted. */
export function tryRun(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const { input, timeoutMs = 60_000, signal, env, files = [], ...rest } = options;
  const [command = '', ...args] = argv;
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
