/** A cloud of its own for a story: its own var/, address and outside, started and purged by the command itself. */
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
  /** The stock client: a path of `openstack`. */
  readonly client: string;
  /** More settings, as the environment spells them. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface StoryCloud {
  readonly folder: string;
  /** Where it listens. */
  readonly address: string;
  readonly outside: string;
  /** The stock client; throws with its words when it fails. */
  os(...words: string[]): Promise<string>;
  /** The same, for who wants to see it fail. */
  tryOs(...words: string[]): Promise<CommandResult>;
  json<T>(...words: string[]): Promise<T>;
  wattle(...words: string[]): Promise<string>;
  /** The same cloud, driven by another client. */
  as(client: string): StoryCloud;
}

/** Client commands take seconds on a busy machine. */
const clientMs = 300_000;

export async function startStoryCloud(t: TestContext, { split, client, env = {} }: CloudOptions): Promise<StoryCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'story-'));
  chmodSync(folder, 0o755); // guests run as other users
  const home = join(folder, 'var');
  const number = await freeNumber();
  const outside = `172.24.${number}`;
  const address = `127.0.0.${number}`;
  const settings = {
    WATTLE_VAR: home,
    WATTLE_ADDRESS: address,
    WATTLE_NETWORK__EXTERNAL_CIDR: `${outside}.0/24`,
    WATTLE_NETWORK__EXTERNAL_GATEWAY: `${outside}.1`,
    ...env,
  };
  const wattle = async (...words: string[]) =>
    (
      await run([process.execPath, join(root, 'deploy/wattle.js'), ...words], {
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
    const tryOs = (...words: string[]) => tryRun([openstack, ...words], options);
    const os = async (...words: string[]) => (await run([openstack, ...words], options)).stdout;
    const json = async <T>(...words: string[]) => JSON.parse(await os(...words, '-f', 'json')) as T;
    return { folder, address, outside, os, tryOs, json, wattle, as };
  };
  return as(client);
}

/** Of 127.0.0.x, and of the range outside, 172.24.x.0/24: others may live their stories on this machine. */
async function freeNumber(): Promise<number> {
  const number = randomInt(100, 250);
  return (await isFree(`127.0.0.${number}`, 5000)) ? number : await freeNumber();
}

/** Waits for a condition, never for a second. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false>,
  withinMs = 120_000,
): Promise<T> {
  const giveUp = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found as T;
    assert.ok(Date.now() < giveUp, `not within ${withinMs / 1000} s: ${what}`);
    await sleep(250);
  }
}

/** pip's client is in the cache that set-up fills; Debian's has its own place. */
export const pipClient = (): string =>
  join(process.env.WATTLE_CACHE ?? join(process.env.HOME ?? '/root', '.cache/wattle'), 'client/bin/openstack');
export const debianClient = '/usr/bin/openstack';
