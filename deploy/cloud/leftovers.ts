/** What belongs to a cloud on this host: its id is in every name, its directory in every command line. */
import { readdirSync, readFileSync } from 'node:fs';
import { run, tryRun } from '#shared/process/run.ts';
import { type Running, startTimeOf } from '../processes/pid-file.ts';
import { terminate } from '../processes/terminate.ts';

export interface Mark {
  /** Four letters or digits. */
  readonly id: string;
  /** The cloud's directory, absolute. */
  readonly path: string;
}

export interface Leftovers {
  readonly processes: readonly (Running & { readonly name: string })[];
  readonly namespaces: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly { readonly family: string; readonly name: string }[];
}

/** Programs that agents start and leave running. Other programs, such as an editor, may have the directory in their arguments. */
const programs = /^(qemu-|dnsmasq|tgtd|swtpm|radvd)/;

export async function findLeftovers(mark: Mark): Promise<Leftovers> {
  const [namespaces, links, tables] = await Promise.all([listNamespaces(mark), listLinks(mark), listTables(mark)]);
  return { processes: listProcesses(mark), namespaces, links, tables };
}

export const isEmpty = (left: Leftovers): boolean => Object.values(left).every((some) => some.length === 0);

/** Idempotent. */
export async function removeLeftovers(mark: Mark): Promise<Leftovers> {
  const found = await findLeftovers(mark);
  await Promise.all(found.processes.map((running) => terminate(running, timeoutFor(running.name))));
  for (const name of found.namespaces) await tryRun(['ip', 'netns', 'delete', name]);
  for (const name of found.links) await tryRun(['ip', 'link', 'delete', name]);
  for (const { family, name } of found.tables) await tryRun(['nft', 'delete', 'table', family, name]);
  return found;
}

/** tgtd ignores SIGTERM and buffers nothing. */
const timeoutFor = (name: string) => (name === 'tgtd' ? 0 : 5_000);

function listProcesses(mark: Mark) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [command = '', ...args] = textOf(`/proc/${name}/cmdline`).split('\0');
      const program = command.split('/').at(-1) ?? '';
      const environment = programs.test(program) ? textOf(`/proc/${name}/environ`).split('\0') : [];
      const startedAt = startTimeOf(Number(name));
      if (!startedAt || ![...args, ...environment].some((text) => isOf(mark, text)) || !programs.test(program))
        return [];
      return [{ pid: Number(name), startedAt, ready: true, name: program }];
    });
}

/** The network agent keeps its volatile files in /run. */
const isOf = ({ id, path }: Mark, text: string) =>
  text.endsWith(path) || text.includes(`${path}/`) || text.includes(`/run/wattle-${id}/`);

async function listNamespaces({ id }: Mark): Promise<string[]> {
  const list = await listed<{ name: string }>(['ip', '-j', 'netns', 'list']);
  return list.map(({ name }) => name).filter((name) => name.includes(id));
}

/** Names are one to three letters, the id, and the beginning of a UUID. */
async function listLinks({ id }: Mark): Promise<string[]> {
  const list = await listed<{ ifname: string }>(['ip', '-j', 'link', 'show']);
  return list.map(({ ifname }) => ifname).filter((name) => new RegExp(`^[a-z]{1,3}-?${id}`).test(name));
}

async function listTables({ id }: Mark) {
  const output = await outputOf(['nft', '-j', 'list', 'tables']);
  const { nftables = [] } = JSON.parse(output || '{}') as { nftables?: { table?: { family: string; name: string } }[] };
  return nftables.flatMap(({ table }) =>
    table?.name.includes(id) ? [{ family: table.family, name: table.name }] : [],
  );
}

const listed = async <T>(argv: string[]): Promise<T[]> => JSON.parse((await outputOf(argv)) || '[]') as T[];

/** Returns '' when the program is not installed: then there is nothing to find. */
async function outputOf(argv: string[]): Promise<string> {
  try {
    return (await run(argv)).stdout;
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
