/** Child processes whose standard input or output is a stream of any length. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { childEnvironment } from './child-environment.ts';
import { CommandFailed } from './run.ts';

interface Output {
  readonly stream: Readable;
  /** Ends the child, if it still runs. */
  close(): void;
}

/** The standard output of a command; a child that fails makes the stream fail. */
export function outputOf(argv: readonly string[]): Output {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env: childEnvironment(), stdio: ['ignore', 'pipe', 'ignore'] });
  const fail = (error: Error) => void child.stdout.destroy(error);
  child.on('error', fail);
  child.on('exit', (code) => {
    if (code !== 0) fail(new CommandFailed(argv, { code, stdout: '', stderr: '' }));
  });
  const close = () => {
    child.stdout.on('error', () => {}).destroy();
    child.kill('SIGKILL');
  };
  return { stream: child.stdout, close };
}

/** Runs a command with this standard input. Throws the error of the input, or CommandFailed. */
export async function feed(argv: readonly string[], input: AsyncIterable<Buffer>): Promise<void> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env: childEnvironment(), stdio: ['pipe', 'ignore', 'pipe'] });
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [fed] = await Promise.allSettled([pipeline(input, child.stdin)]);
  const isInputError = fed.status === 'rejected' && fed.reason?.code !== 'EPIPE';
  if (isInputError) child.kill('SIGKILL');
  const code = await ended;
  if (isInputError) throw fed.reason;
  if (code !== 0) throw new CommandFailed(argv, { code, stdout: '', stderr: Buffer.concat(errors).toString() });
}
