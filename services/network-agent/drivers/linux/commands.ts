/** The programs that configure Linux networking. Many changes share one process, through its standard input. */
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

/** The links of a namespace by name; of the host's own when it is undefined. */
export async function listLinks(namespace?: string): Promise<Links> {
  const { stdout } = await runProgram(['ip', ...ipNamespace(namespace), '-d', '-j', 'addr', 'show']);
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

/** Runs lines of `ip -batch` in order and stops at the first that fails. */
export async function ipBatch(lines: readonly string[], namespace?: string): Promise<void> {
  if (lines.length === 0) return;
  await runProgram(['ip', ...ipNamespace(namespace), '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

/** Runs independent lines of `ip -batch`, all of them, and returns those that failed. */
export async function ipBatchEach(lines: readonly string[], namespace?: string): Promise<string[]> {
  if (lines.length === 0) return [];
  const argv = ['ip', ...ipNamespace(namespace), '-force', '-batch', '-'];
  const { code, stderr } = await tryRun(argv, { input: `${lines.join('\n')}\n` });
  if (code === 0) return [];
  const failed = [...stderr.matchAll(/^Command failed -:(\d+)$/gm)].map(([, at]) => lines[Number(at) - 1] ?? '');
  if (failed.length === 0) throw new Error(`${argv.join(' ')}: ${stderr.trim()}`);
  return failed;
}

/** Loads a ruleset as one transaction. */
export async function loadNft(ruleset: string, namespace?: string): Promise<void> {
  await runProgram([...netnsExec(namespace), 'nft', '-f', '-'], { input: ruleset });
}

/** How many rules each chain has, by family and name: `inet to_guest`. */
export type RuleCounts = ReadonlyMap<string, number>;

/** Counts the rules of a table in both families. A table that does not exist has no chains. Elements of sets are not counted. */
export async function countRules(table: string): Promise<RuleCounts> {
  const counts = new Map<string, number>();
  for (const family of ['bridge', 'inet']) {
    const { stdout } = await tryRun(['nft', '-t', '-a', 'list', 'table', family, table]);
    let chain = '';
    for (const line of stdout.split('\n')) {
      const [, name] = /^\tchain (\w+) \{/.exec(line) ?? [];
      if (name) chain = `${family} ${name}`;
      // The last line of each rule ends with its handle; those of sets and chains have a brace before it.
      const isRule = /[^{] # handle \d+$/.test(line);
      if (name || isRule) counts.set(chain, name ? 0 : (counts.get(chain) ?? 0) + 1);
    }
  }
  return counts;
}

/** Lines like `table inet filter`. */
export const listTables = async (): Promise<string> => (await runProgram(['nft', 'list', 'tables'])).stdout;

const ipNamespace = (namespace: string | undefined) => (namespace ? ['-n', namespace] : []);
export const netnsExec = (namespace: string | undefined) => (namespace ? ['ip', 'netns', 'exec', namespace] : []);

/** Runs a program. One that is not installed is a Fault, so the spec is not retried. */
export async function runProgram(argv: readonly string[], options: RunOptions = {}) {
  try {
    return await run(argv, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Fault(501, 'notImplemented', `${argv[0]} is not installed on this host`);
  }
}

/** Runs a deletion and ignores the error that its object does not exist. */
export async function runUnlessGone(argv: readonly string[], notFound: RegExp): Promise<void> {
  try {
    await runProgram(argv);
  } catch (error) {
    if (!(error instanceof CommandFailed && notFound.test(error.result.stderr))) throw error;
  }
}

/** Sets a sysctl below net/ in the host's own namespace. Ignores one that this kernel does not have. */
export function setSysctl(path: string, value: string): void {
  try {
    if (readFileSync(`/proc/sys/net/${path}`, 'utf8').trim() !== value) writeFileSync(`/proc/sys/net/${path}`, value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
