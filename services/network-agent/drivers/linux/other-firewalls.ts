/**
 * Docker and ufw set the policy of the FORWARD chain to DROP, which also hits frames on this cloud's bridges. This cloud's
 * tables filter those frames, so a rule in FORWARD accepts them there. Hosts without iptables need no rule.
 */
import { tryRun } from '#shared/process/run.ts';
import type { Names } from './names.ts';

const programs = { ip: 'iptables', ip6: 'ip6tables' } as const;

/** `tables` is the output of `nft list tables`. Idempotent. */
export async function ensureForwardAccepted(names: Names, tables: string): Promise<void> {
  for (const [family, program] of Object.entries(programs)) {
    if (!tables.includes(`table ${family} filter\n`) || !(await dropsForwarded(program))) continue;
    for (const rule of rulesOf(names)) {
      if (!(await succeeds([program, '-w', '-C', ...rule]))) await tryRun([program, '-w', '-I', ...rule]);
    }
  }
}

/** Each rule exists once, so one deletion is enough. */
export async function ensureForwardRulesGone(names: Names, tables: string): Promise<void> {
  for (const [family, program] of Object.entries(programs)) {
    if (!tables.includes(`table ${family} filter\n`)) continue;
    for (const rule of rulesOf(names)) await succeeds([program, '-w', '-D', ...rule]);
  }
}

const rulesOf = ({ bridges, cloudId }: Names) =>
  ['-i', '-o'].map((option) => [
    'FORWARD',
    option,
    `${bridges}+`,
    '-m',
    'comment',
    '--comment',
    `wattle ${cloudId}`,
    '-j',
    'ACCEPT',
  ]);

async function dropsForwarded(program: string): Promise<boolean> {
  const listed = await tryRun([program, '-w', '-S', 'FORWARD']).catch(() => null);
  return listed?.stdout.includes('-P FORWARD DROP') ?? false;
}

const succeeds = (argv: readonly string[]) =>
  tryRun(argv).then(
    ({ code }) => code === 0,
    () => false,
  );
