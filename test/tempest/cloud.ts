/** A cloud of some roles for one run, with its own var and address, purged afterwards. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import type { CloudLogin } from './conf.ts';

const root = join(import.meta.dirname, '../..');

export interface TestCloud extends CloudLogin {
  readonly folder: string;
  close(): Promise<void>;
}

/** `number` is the last byte of its address, 127.0.0.x. */
export async function startTestCloud(
  roles: readonly string[],
  number: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'tempest-'));
  chmodSync(folder, 0o755);
  const home = join(folder, 'var');
  const address = `127.0.0.${number}`;
  const external = {
    WATTLE_NETWORK__EXTERNAL_CIDR: `172.24.${number}.0/24`,
    WATTLE_NETWORK__EXTERNAL_GATEWAY: `172.24.${number}.1`,
  };
  const env = { ...external, ...settings, WATTLE_VAR: home, WATTLE_ADDRESS: address };
  const wattle = (...args: string[]) =>
    run([process.execPath, join(root, 'deploy/wattle.js'), ...args], { cwd: root, env, timeoutMs: 240_000 });
  const close = async () => {
    await wattle('purge', '--yes');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await wattle('start', '--role', roles.join());
  } catch (error) {
    await close();
    throw error;
  }
  const password = readFileSync(join(home, 'secrets', 'admin'), 'utf8').trim();
  return { folder, authUrl: `http://${address}:5000/v3`, password, region: 'RegionOne', close };
}
