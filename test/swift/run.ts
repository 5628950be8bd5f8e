/** Runs Swift's own tests against a cloud of their own and returns the result of each test. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryRun } from '#shared/process/run.ts';
import { startTestCloud } from '../tempest/cloud.ts';
import { ensureSwiftTests, python, source } from './install.ts';
import { prepareSwift } from './prepare.ts';

export const suites: Readonly<Record<string, string>> = { functional: 'test/functional', s3api: 'test/s3api' };

interface Result {
  readonly id: string;
  readonly why: string;
}

export interface Outcome {
  readonly passed: readonly Result[];
  readonly skipped: readonly Result[];
  readonly failed: readonly Result[];
}

export interface RunOptions {
  /** A folder of Swift's source. */
  readonly suite: string;
  /** The last byte of the cloud's address. */
  readonly number: number;
  /** Limits the suite to tests whose names match. */
  readonly only?: string;
  readonly print: (text: string) => void;
}

const roles = ['identity', 'object-store', 'object-agent'];
/** Swift's own tests sign with SHA-1 in places. */
const settings = { WATTLE_OBJECT_STORE__SIGNATURE_DIGESTS: 'sha1,sha256,sha512' };
const suiteMs = 3_600_000;

export async function runSwift({ suite, number, only, print }: RunOptions): Promise<Outcome> {
  await ensureSwiftTests(print);
  const cloud = await startTestCloud(roles, number, settings);
  try {
    const file = join(cloud.folder, 'test.conf');
    const report = join(cloud.folder, 'report.xml');
    writeFileSync(file, await prepareSwift(cloud, `http://127.0.0.${number}:8080`), { mode: 0o600 });
    const filter = only ? ['-k', only] : [];
    const ran = await tryRun(
      [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', `--junitxml=${report}`, ...filter, suite],
      { cwd: source, env: { SWIFT_TEST_CONFIG_FILE: file, HOME: cloud.folder }, timeoutMs: suiteMs },
    );
    return outcomeOf(readFileSync(report, 'utf8'), ran.stdout);
  } finally {
    await cloud.close();
  }
}

const testcase = /<testcase classname="([^"]*)" name="([^"]*)" time="[^"]*"(?:\s*\/>|>([\s\S]*?)<\/testcase>)/g;

/** Reads the report of pytest, which it writes itself. */
function outcomeOf(xml: string, output: string): Outcome {
  const found = [...xml.matchAll(testcase)].map(([, group = '', name = '', inside = '']) => {
    const kind = /<(skipped|failure|error)/.exec(inside)?.[1] ?? 'passed';
    return { id: `${group}.${name}`, kind, why: plain(inside) };
  });
  if (found.length === 0) return { passed: [], skipped: [], failed: [{ id: 'pytest', why: output.slice(-4000) }] };
  const of = (...kinds: readonly string[]) => found.filter(({ kind }) => kinds.includes(kind));
  return { passed: of('passed'), skipped: of('skipped'), failed: of('failure', 'error') };
}

const plain = (xml: string): string =>
  xml
    .replace(/<[^>]*message="([^"]*)"[^>]*>/g, '$1\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&#10;/g, '\n')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .slice(-2500);
