/** What runs and stands on this host that tests could have left. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryRun } from '#shared/process/run.ts';

/** Interfaces of Wattle: letters, four of a cloud's id, and the beginning of a UUID. */
const ours = /^[a-z]{1,3}-?[a-z0-9]{4}[0-9a-f-]{2,10}$/;

/** One sentence each; processes are those that name the tests' folder. */
export async function lookAround(folder: string): Promise<Set<string>> {
  const [links, namespaces, tables] = await Promise.all([
    wordsOf(['ip', '-o', 'link', 'show'], /^\d+: ([^:@]+)/),
    wordsOf(['ip', 'netns', 'list'], /^(\S+)/),
    wordsOf(['nft', 'list', 'tables'], /^table (.+)$/),
  ]);
  const others = cloudsOutside(folder);
  const isOfTests = (name: string) => !others.some((id) => name.includes(id));
  return new Set([
    ...links.filter((name) => ours.test(name) && isOfTests(name)).map((name) => `link ${name}`),
    ...namespaces.filter(isOfTests).map((name) => `namespace ${name}`),
    ...tables.filter(isOfTests).map((name) => `nft table ${name}`),
    ...processesBelow(folder),
  ]);
}

/** What is going gets a few seconds for it. */
export async function leftSince(before: ReadonlySet<string>, folder: string): Promise<string[]> {
  for (const until = Date.now() + 5_000; ; await sleep(200)) {
    const left = [...(await lookAround(folder))].filter((what) => !before.has(what));
    if (left.length === 0 || Date.now() > until) return left;
  }
}

/** The ids of clouds that run on this machine and are not of the tests: what they make meanwhile is theirs. */
function cloudsOutside(folder: string): string[] {
  const ids = pids().flatMap((pid) => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0');
    if (!words.some((word) => word.endsWith('deploy/main.js'))) return [];
    const given = textOf(`/proc/${pid}/environ`)
      .split('\0')
      .find((word) => word.startsWith('WATTLE_VAR='));
    const home = given?.slice('WATTLE_VAR='.length) ?? `/proc/${pid}/cwd/var`;
    return home.startsWith(`${folder}/`) ? [] : [textOf(join(home, 'id')).trim()];
  });
  return ids.filter((id) => id !== '');
}

const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);

/** What a test started knows the folder by its TMPDIR, however deep it is. */
function processesBelow(folder: string): string[] {
  return pids().flatMap((pid) => {
    const words = textOf(`/proc/${pid}/cmdline`).split('\0');
    const inside = [...words, ...textOf(`/proc/${pid}/environ`).split('\0')].some((word) =>
      word.includes(`${folder}/`),
    );
    return inside ? [`process ${pid} ${words.join(' ').slice(0, 120)}`] : [];
  });
}

async function wordsOf(words: readonly string[], pattern: RegExp): Promise<string[]> {
  const said = await tryRun(words).catch(() => ({ stdout: '' }));
  return said.stdout.split('\n').flatMap((line) => line.match(pattern)?.[1] ?? []);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
