/** What carries a cloud's mark on this host: its id is in every name, its folder in every command. */
import { readdirSync, readFileSync } from 'node:fs';
import { run, tryRun } from '#shared/process/run.ts';
import { type Running, startOf } from '../processes/pid-file.ts';
import { end } from '../processes/terminate.ts';

export interface Mark {
  /** Four letters or digits. */
  readonly id: string;
  /** The cloud's folder, absolute. */
  readonly path: string;
}

export interface Leftovers {
  readonly processes: readonly (Running & { readonly name: string })[];
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly { readonly family: string; readonly name: string }[];
}

/** Programs that agents start and leave running. Others, an editor say, may name the folder as they like. */
const programs = /^(qemu-|dnsmasq|tgtd|swtpm|radvd)/;

export async function findLeftovers(mark: Mark): Promise<Leftovers> {
  const [namespaces, links, tables] = await Promise.all([listNamespaces(mark), listLinks(mark), listTables(mark)]);
  return { processes: listProcesses(mark), namespaces, links, tables };
}

export const isEmpty = (left: Leftovers): boolean => Object.values(left).every((some) => some.length === 0);

/** Safe to repeat; what is gone already is fine. */
export async function removeLeftovers(mark: Mark): Promise<Leftovers> {
  const found = await findLeftovers(mark);
  await Promise.all(found.processes.map((running) => end(running, patienceWith(running.name))));
  for (const name of found.namespaces) await tryRun(['ip', 'netns', 'delete', name]);
  for (const name of found.links) await tryRun(['ip', 'link', 'delete', name]);
  for (const { family, name } of found.tables) await tryRun(['nft', 'delete', 'table', family, name]);
  return found;
}

/** tgtd does not hear SIGTERM, and holds nothing back. */
const patienceWith = (name: string) => (name === 'tgtd' ? 0 : 5_000);

function listProcesses(mark: Mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [command = '', ...words] = textOf(`/proc/${name}/cmdline`).split('\0');
      const program = command.split('/').at(-1) ?? '';
      const environment = programs.test(program) ? textOf(`/proc/${name}/environ`).split('\0') : [];
      const startedAt = startOf(Number(name));
      if (!startedAt || ![...words, ...environment].some((word) => names(word, mark)) || !programs.test(program))
        return [];
      return [{ pid: Number(name), startedAt, ready: true, name: program }];
    });
}

/** The network agent keeps what a reboot shall forget in /run. */
const names = (word: string, { id, path }: Mark) =>
  word.endsWith(path) || word.includes(`${path}/`) || word.includes(`/run/wattle-${id}/`);

async function listNamespaces({ id }: Mark): Promise<string[]> {
  const list = await listed<{ name: string }>(['ip', '-j', 'netns', 'list']);
  return list.map(({ name }) => name).filter((name) => name.includes(id));
}

/** Ours are one or two letters, the id, and what it is for. */
async function listLinks({ id }: Mark): Promise<string[]> {
  const list = await listed<{ ifname: string }>(['ip', '-j', 'link', 'show']);
  return list.map(({ ifname }) => ifname).filter((name) => new RegExp(`^[a-z]{1,3}-?${id}`).test(name));
}

async function listTables({ id }: Mark) {
  const said = await wordsOf(['nft', '-j', 'list', 'tables']);
  const { nftables = [] } = JSON.parse(said || '{}') as { nftables?: { table?: { family: string; name: string } }[] };
  return nftables.flatMap(({ table }) =>
    table?.name.includes(id) ? [{ family: table.family, name: table.name }] : [],
  );
}

const listed = async <T>(words: string[]): Promise<T[]> => JSON.parse((await wordsOf(words)) || '[]') as T[];

/** Without the program there is nothing of its kind. */
async function wordsOf(words: string[]): Promise<string> {
  try {
    return (await run(words)).stdout;
  } catch {
    return '';
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
