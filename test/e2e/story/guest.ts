/** Access to the guest through its floating IP: ssh and ping. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tryRun } from '#shared/process/run.ts';
import { type StoryCloud, until } from './cloud.ts';

export interface Key {
  readonly file: string;
  readonly publicFile: string;
}

export async function ensureKey({ folder }: StoryCloud): Promise<Key> {
  const file = join(folder, 'key');
  if (!existsSync(file)) await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file]);
  return { file, publicFile: `${file}.pub` };
}

const options = [
  '-o',
  'StrictHostKeyChecking=no',
  '-o',
  'UserKnownHostsFile=/dev/null',
  '-o',
  'ConnectTimeout=5',
  '-o',
  'BatchMode=yes',
  '-o',
  'LogLevel=ERROR',
];

/** Runs a command in the guest and returns its output; retries until it succeeds. */
export function ssh({ file }: Key, address: string, command: string, user = 'tiny'): Promise<string> {
  return until(`ssh ${user}@${address} ${command}`, async () => {
    const { code, stdout } = await tryRun(['ssh', ...options, '-i', file, `${user}@${address}`, command], {
      timeoutMs: 60_000,
    });
    return code === 0 ? stdout : undefined;
  });
}

export const respondsToPing = async (address: string): Promise<boolean> =>
  (await tryRun(['ping', '-c', '1', '-W', '1', address])).code === 0;

export const sameBytes = (one: string, other: string): boolean => readFileSync(one).equals(readFileSync(other));
