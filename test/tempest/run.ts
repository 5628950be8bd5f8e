/** Runs Tempest against its own cloud and returns the result of each test. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '#shared/process/run.ts';
import { startTestCloud } from './cloud.ts';
import { tempestConf } from './conf.ts';
import { ensureTempest, tempestBin } from './install.ts';
import type { Suite } from './suites.ts';

export interface Outcome {
  readonly passed: readonly string[];
  readonly skipped: readonly string[];
  /** With Tempest's output, including the traceback. */
  readonly failed: readonly { readonly name: string; readonly why: string }[];
}

export interface RunOptions {
  readonly suite: Suite;
  /** The last byte of the cloud's address. */
  readonly number: number;
  /** Limits the suite to tests whose names match. */
  readonly only?: string;
  readonly print: (text: string) => void;
}

/** The compute tests create hundreds of servers. */
const suiteMs = 3_600_000;

export async function runTempest({ suite, number, only, print }: RunOptions): Promise<Outcome> {
  await ensureTempest(print);
  const cloud = await startTestCloud(suite.roles, number, suite.settings);
  try {
    const folder = join(cloud.folder, 'tempest');
    mkdirSync(join(folder, 'etc'), { recursive: true });
    mkdirSync(join(folder, 'lock'));
    const conf = { ...suite.conf, ...(await suite.prepare?.(cloud)) };
    writeFileSync(join(folder, 'etc', 'tempest.conf'), tempestConf(folder, cloud, conf), { mode: 0o600 });
    const env = { HOME: folder, TEMPEST_CONFIG_DIR: join(folder, 'etc') };
    const regex = only ? `${suite.regex}.*${only}` : suite.regex;
    await tryRun([tempestBin, 'init', join(folder, 'space')], { env, timeoutMs: 120_000 });
    writeFileSync(join(folder, 'space', 'etc', 'tempest.conf'), readFileSync(join(folder, 'etc', 'tempest.conf')), {
      mode: 0o600,
    });
    const args = ['run', '--regex', regex, '--concurrency', '2'];
    const ran = await tryRun([tempestBin, ...args], { env, cwd: join(folder, 'space'), timeoutMs: suiteMs });
    return outcomeOf(`${ran.stdout}\n${ran.stderr}`, join(folder, 'tempest.log'));
  } finally {
    await cloud.close();
  }
}

const line = /^\{\d+\} (\S+?)(?:\[[^\]]*\])? .*?\.\.\. (ok|FAILED|SKIPPED)/gm;

function outcomeOf(text: string, log: string): Outcome {
  const found = [...text.matchAll(line)].map(([, name = '', result = '']) => ({ name, result }));
  const named = (wanted: string) => found.filter(({ result }) => result === wanted).map(({ name }) => name);
  const failed = named('FAILED').map((name) => ({ name, why: outputAbout(name, text) }));
  if (found.length === 0)
    failed.push({
      name: 'tempest',
      why: `${text.slice(-4000)}\n${existsSync(log) ? readFileSync(log, 'utf8').slice(-2000) : ''}`,
    });
  return { passed: named('ok'), skipped: named('SKIPPED'), failed };
}

/** The output about a failed test, after the list of results. */
function outputAbout(name: string, text: string): string {
  const at = text.indexOf(`${name}\n`, text.lastIndexOf('Captured traceback') < 0 ? 0 : text.indexOf('Captured'));
  return at < 0 ? '' : text.slice(at, at + 3000);
}
