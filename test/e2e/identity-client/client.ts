/** A stock client in one long-lived Python process, since each start costs a second or two. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Heard } from './step.ts';

export interface Client {
  /** All commands of its identity group, and those that span services. */
  readonly commands: readonly { readonly group: string; readonly name: string }[];
  ask(words: readonly string[]): Promise<Heard>;
  close(): Promise<void>;
}

const driver = join(import.meta.dirname, 'driver.py');

/** `python`: an interpreter that can import the client. */
export async function startClient(python: string, env: Readonly<Record<string, string>>): Promise<Client> {
  const child = spawn(python, [driver], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...withoutLogin(), ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ended`);
    return JSON.parse(value) as T;
  };
  const commands = (await read<[string, string][]>()).map(([group, name]) => ({ group, name }));
  const ask = (words: readonly string[]) => {
    child.stdin.write(`${JSON.stringify(words)}\n`);
    return read<Heard>();
  };
  const close = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  };
  return { commands, ask, close };
}

/** removes login variables of the user who runs the tests */
const withoutLogin = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OS_')));
