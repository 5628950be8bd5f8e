/**
 * Docker and ufw drop whatever is forwarded and they do not know, and a frame on a bridge of ours passes them too. What
 * may pass there is decided by our own tables, so theirs are told to leave it alone. Hosts without iptables need nothing.
 */
import { tryRun } from '#shared/process/run.ts';
import type { Names } from './names.ts';

const programs = { ip: 'iptables', ip6: 'ip6tables' } as const;

/** `tables` is what `nft list tables` says. Safe to ask twice. */
export async function ensureLeftAlone(names: Names, tables: string): Promise<void> {
  for (const [family, program] of Object.entries(programs)) {
    if (!tables.includes(`table ${family} filter\n`) || !(await drops(program))) continue;
    for (const rule of rulesOf(names)) {
      if (!(await succeeds([program, '-w', '-C', ...rule]))) await tryRun([program, '-w', '-I', ...rule]);
    }
  }
}

/** Once for each of them: a rule is there once. */
export async function ensureNotNamed(names: Names, tables: string): Promise<void> {
  for (const [family, program] of Object.entries(programs)) {
    if (!tables.includes(`table ${family} filter\n`)) continue;
    for (const rule of rulesOf(names)) await succeeds([program, '-w', '-D', ...rule]);
  }
}

const rulesOf = ({ bridges, cloudId }: Names) =>
  ['-i', '-o'].map((way) => [
    'FORWARD',
    way,
    `${bridges}+`,
    '-m',
    'comment',
    '--comment',
    `wattle ${cloudId}`,
    '-j',
    'ACCEPT',
  ]);

async function drops(program: string): Promise<boolean> {
  const said = await tryRun([program, '-w', '-S', 'FORWARD']).catch(() => null);
  return said?.stdout.includes('-P FORWARD DROP') ?? false;
}

const succeeds = (words: readonly string[]) =>
  tryRun(words).then(
    ({ code }) => code === 0,
    () => false,
  );
