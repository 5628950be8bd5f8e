/** What tests may leave behind on this host: processes, interfaces, namespaces, nft tables. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryRun } from '#shared/process/run.ts';

/** Interfaces of Wattle: letters, the four characters of a cloud's id, and the beginning of a UUID. */
const interfaceName = /^[a-z]{1,3}-?[a-z0-9]{4}[0-9a-f-]{2,10}$/;

/** One description each. Processes are those with the tests' directory in their arguments or environment. */
export async function snapshot(folder: string): Promise<Set<string>> {
  const [links, namespaces, tables] = await Promise.all([
    namesIn(['ip', '-o', 'link', 'show'], /^\d+: ([^:@]+)/),
    namesIn(['ip', 'netns', 'list'], /^(\S+)/),
    namesIn(['nft', 'list', 'tables'], /^table (.+)$/),
  ]);
  const others = cloudsOutside(folder);
  const isOfTests = (name: string) => !others.some((id) => name.includes(id));
  return new Set([
    ...links.filter((name) => interfaceName.test(name) && isOfTests(name)).map((name) => `link ${name}`),
    ...namespaces.filter(isOfTests).map((name) => `namespace ${name}`),
    ...tables.filter(isOfTests).map((name) => `nft table ${name}`),
    ...processesBelow(folder),
  ]);
}

/** What is new since `before`. Waits up to 5 s for processes that are ending. */
export async function leftSince(before: ReadonlySet<string>, folder: string): Promise<string[]> {
  for (const until = Date.now() + 5_000; ; await sleep(200)) {
    const left = [...(await snapshot(folder))].filter((what) => !before.has(what));
    if (left.length === 0 || Date.now() > until) return left;
  }
}

/** The ids of other clouds that run on this machine, whose interfaces and namespaces are ignored. */
function cloudsOutside(folder: string): string[] {
  const ids = pids().flatMap((pid) => {
    const argv = textOf(`/proc/${pid}/cmdline`).split('\0');
    if (!argv.some((arg) => arg.endsWith('deploy/main.js'))) return [];
    const given = textOf(`/proc/${pid}/environ`)
      .split('\0')
      .find((text) => text.startsWith('WATTLE_VAR='));
    const home = given?.slice('WATTLE_VAR='.length) ?? `/proc/${pid}/cwd/var`;
    return home.startsWith(`${folder}/`) ? [] : [textOf(join(home, 'id')).trim()];
  });
  return ids.filter((id) => id !== '');
}

const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);

/** Descendants of a test inherit the directory in TMPDIR. */
function processesBelow(folder: string): string[] {
  return pids().flatMap((pid) => {
    const argv = textOf(`/proc/${pid}/cmdline`).split('\0');
    const inside = [...argv, ...textOf(`/proc/${pid}/environ`).split('\0')].some((text) => text.includes(`${folder}/`));
    return inside ? [`process ${pid} ${argv.join(' ').slice(0, 120)}`] : [];
  });
}

async function namesIn(argv: readonly string[], pattern: RegExp): Promise<string[]> {
  const output = await tryRun(argv).catch(() => ({ stdout: '' }));
  return output.stdout.split('\n').flatMap((line) => line.match(pattern)?.[1] ?? []);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
