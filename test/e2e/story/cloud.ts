/** A cloud for one test: its own var/, address and external range, started and purged by the wattle command. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandResult, run, tryRun } from '#shared/process/run.ts';
import { isFree } from '../../../deploy/split/ports.ts';

const root = join(import.meta.dirname, '../../..');

export interface CloudOptions {
  readonly split: boolean;
  /** Path of the stock client `openstack`. */
  readonly client: string;
  /** Further settings, as environment variables. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface StoryCloud {
  readonly folder: string;
  /** The address that it listens on. */
  readonly address: string;
  /** The first three bytes of its external range. */
  readonly externalPrefix: string;
  /** Runs the stock client; throws with its output when it fails. */
  os(...args: string[]): Promise<string>;
  /** Runs the stock client; returns the result also when it fails. */
  tryOs(...args: string[]): Promise<CommandResult>;
  json<T>(...args: string[]): Promise<T>;
  wattle(...args: string[]): Promise<string>;
  /** The same cloud with another client. */
  as(client: string): StoryCloud;
}

/** Client commands take seconds on a busy machine. */
const clientMs = 300_000;

export async function startStoryCloud(t: TestContext, { split, client, env = {} }: CloudOptions): Promise<StoryCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'story-'));
  chmodSync(folder, 0o755); // guests run as other users
  const home = join(folder, 'var');
  const number = await freeNumber();
  const externalPrefix = `172.24.${number}`;
  const address = `127.0.0.${number}`;
  const settings = {
    WATTLE_VAR: home,
    WATTLE_ADDRESS: address,
    WATTLE_NETWORK__EXTERNAL_CIDR: `${externalPrefix}.0/24`,
    WATTLE_NETWORK__EXTERNAL_GATEWAY: `${externalPrefix}.1`,
    ...env,
  };
  const wattle = async (...args: string[]) =>
    (
      await run([process.execPath, join(root, 'deploy/wattle.js'), ...args], {
        cwd: root,
        env: settings,
        timeoutMs: 240_000,
      })
    ).stdout;
  t.after(async () => {
    await wattle('purge', '--yes');
    rmSync(folder, { recursive: true, force: true });
  });
  await wattle('start', ...(split ? ['--split'] : []));
  const login = { OS_CLIENT_CONFIG_FILE: join(home, 'clouds.yaml'), OS_CLOUD: 'wattle' };
  const as = (openstack: string): StoryCloud => {
    const options = { cwd: folder, env: login, timeoutMs: clientMs };
    const tryOs = (...args: string[]) => tryRun([openstack, ...args], options);
    const os = async (...args: string[]) => (await run([openstack, ...args], options)).stdout;
    const json = async <T>(...args: string[]) => JSON.parse(await os(...args, '-f', 'json')) as T;
    return { folder, address, externalPrefix, os, tryOs, json, wattle, as };
  };
  return as(client);
}

/** The last byte of 127.0.0.x, and the third of the external range 172.24.x.0/24; other clouds may run on this machine. */
async function freeNumber(): Promise<number> {
  const number = randomInt(100, 250);
  return (await isFree(`127.0.0.${number}`, 5000)) ? number : await freeNumber();
}

/** Settings of a cloud whose hosts are fake. */
export const fakeHosts = {
  WATTLE_COMPUTE_AGENT__DRIVER: 'fake',
  WATTLE_NETWORK_AGENT__DRIVER: 'fake',
  WATTLE_VOLUME_AGENT__DRIVER: 'fake',
};

/** The ports of the APIs. */
export const ports: Readonly<Record<string, number>> = {
  identity: 5000,
  placement: 8778,
  image: 9292,
  compute: 8774,
  volume: 8776,
  network: 9696,
  'object-store': 8080,
  dashboard: 8090,
};

/** Polls until `check` returns a value; fails with the description after `withinMs`. */
export async function until<T>(
  description: string,
  check: () => Promise<T | undefined | false>,
  withinMs = 120_000,
): Promise<T> {
  const giveUp = Date.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found as T;
    assert.ok(Date.now() < giveUp, `not within ${withinMs / 1000} s: ${description}`);
    await sleep(250);
  }
}

/** The client from PyPI is in the cache of set-up; Debian's is a system package. */
export const pipClient = (): string =>
  join(process.env.WATTLE_CACHE ?? join(process.env.HOME ?? '/root', '.cache/wattle'), 'client/bin/openstack');
export const debianClient = '/usr/bin/openstack';
