/** The few programs that change a Linux network. Many changes go in one process, by its standard input. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Fault } from '#shared/errors/fault.ts';
import { CommandFailed, type RunOptions, run, tryRun } from '#shared/process/run.ts';

export interface Link {
  readonly name: string;
  readonly index: number;
  readonly mtu: number;
  readonly mac: string;
  readonly up: boolean;
  readonly master: string | null;
  readonly kind: string | null;
  /** The VXLAN network identifier, of a tunnel. */
  readonly vni: number | null;
  /** With prefix length, link-local ones left out. */
  readonly addresses: readonly string[];
}

interface IpLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly mtu: number;
  readonly address?: string;
  readonly flags: readonly string[];
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly id?: number } };
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

export type Links = ReadonlyMap<string, Link>;

/** The links of a namespace, by name; of the host when none is named. */
export async function listLinks(space?: string): Promise<Links> {
  const { stdout } = await call(['ip', ...within(space), '-d', '-j', 'addr', 'show']);
  return new Map((JSON.parse(stdout || '[]') as IpLink[]).map((link) => [link.ifname, linkOf(link)]));
}

const linkOf = (link: IpLink): Link => ({
  name: link.ifname,
  index: link.ifindex,
  mtu: link.mtu,
  mac: link.address ?? '',
  up: link.flags.includes('UP'),
  master: link.master ?? null,
  kind: link.linkinfo?.info_kind ?? null,
  vni: link.linkinfo?.info_data?.id ?? null,
  addresses: (link.addr_info ?? [])
    .filter(({ scope, local }) => scope !== 'link' || local.startsWith('169.254.'))
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
});

/** Lines of `ip -batch`: done in order, up to the first that fails. */
export async function ipBatch(lines: readonly string[], space?: string): Promise<void> {
  if (lines.length === 0) return;
  await call(['ip', ...within(space), '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Lines that do not need each other: all are tried. Gives those that failed. */
export async function ipBatchEach(lines: readonly string[], space?: string): Promise<string[]> {
  if (lines.length === 0) return [];
  const words = ['ip', ...within(space), '-force', '-batch', '-'];
  const { code, stderr } = await tryRun(words, { input: `${lines.join('\n')}\n` });
  if (code === 0) return [];
  const failed = [...stderr.matchAll(/^Command failed -:(\d+)$/gm)].map(([, at]) => lines[Number(at) - 1] ?? '');
  if (failed.length === 0) throw new Error(`${words.join(' ')}: ${stderr.trim()}`);
  return failed;
}

/** One transaction: all of it holds, or nothing changed. */
export async function loadNft(ruleset: string, space?: string): Promise<void> {
  await call([...inside(space), 'nft', '-f', '-'], { input: ruleset });
}

/** How many rules each chain has, by family and name: `inet to_guest`. */
export type RuleCounts = ReadonlyMap<string, number>;

/** Of a table in both families; a table that is not there has no chains. What is in sets is left out. */
export async function countRules(table: string): Promise<RuleCounts> {
  const counts = new Map<string, number>();
  for (const family of ['bridge', 'inet']) {
    const { stdout } = await tryRun(['nft', '-t', '-a', 'list', 'table', family, table]);
    let chain = '';
    for (const line of stdout.split('\n')) {
      const [, name] = /^\tchain (\w+) \{/.exec(line) ?? [];
      if (name) chain = `${family} ${name}`;
      // The last line of each rule has its handle; those of sets and chains open a brace before it.
      const isRule = /[^{] # handle \d+$/.test(line);
      if (name || isRule) counts.set(chain, name ? 0 : (counts.get(chain) ?? 0) + 1);
    }
  }
  return counts;
}

/** Lines like `table inet filter`. */
export const listTables = async (): Promise<string> => (await call(['nft', 'list', 'tables'])).stdout;

const within = (space: string | undefined) => (space ? ['-n', space] : []);
export const inside = (space: string | undefined) => (space ? ['ip', 'netns', 'exec', space] : []);

/** A program that is not there is a clear no; so nobody tries it again for hours. */
export async function call(words: readonly string[], options: RunOptions = {}) {
  try {
    return await run(words, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Fault(501, 'notImplemented', `${words[0]} is not installed on this host`);
  }
}

/** Takes away what may be gone already, or go meanwhile. */
export async function callForGone(words: readonly string[], goneAlready: RegExp): Promise<void> {
  try {
    await call(words);
  } catch (error) {
    if (!(error instanceof CommandFailed && goneAlready.test(error.ran.stderr))) throw error;
  }
}

/** A switch of the kernel in the host's own namespace. One that this kernel does not have is left alone. */
export function setKernel(path: string, value: string): void {
  try {
    if (readFileSync(`/proc/sys/net/${path}`, 'utf8').trim() !== value) writeFileSync(`/proc/sys/net/${path}`, value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
