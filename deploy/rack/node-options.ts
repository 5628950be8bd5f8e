/** Options of `wattle plan`, `init` and `join`, and what the three do alike. */
import { createInterface } from 'node:readline/promises';
import { type Options, Refusal, textOption } from '../command.ts';
import { ensurePackages } from '../setup/apt.js';
import type { NodeFile } from './node-directory.ts';
import { parseRoles } from './node-roles.ts';
import { formatPlan, type Plan, planNode } from './plan.ts';

export function planFor(options: Options, path: string, isFirst: boolean): Promise<Plan> {
  const given = options.roles.length === 0 && isFirst ? ['management'] : options.roles;
  const roles = parseRoles(given);
  if (isFirst && !roles.includes('management')) throw new Refusal('the first node has the role management');
  const wanted = {
    name: textOption(options, 'name'),
    roles,
    address: textOption(options, 'address'),
    storageAddress: textOption(options, 'storage-address'),
    tunnelAddress: textOption(options, 'tunnel-address'),
    externalNic: textOption(options, 'external'),
    disk: textOption(options, 'disk'),
    isFirst,
  };
  return planNode(wanted, path);
}

/** Prints the plan. Throws Refusal when the host cannot have the role, or nobody confirms. */
export async function confirmPlan(title: string, plan: Plan, { yes }: Options): Promise<void> {
  process.stdout.write(`${title}\n${formatPlan(plan)}`);
  if (plan.problems.length > 0) throw new Refusal('nothing was changed: this host cannot have this role as it is');
  if (yes) return;
  if (!process.stdin.isTTY) throw new Refusal('nothing was changed; confirm with --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question('Go on? [y/N] ');
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('nothing was changed');
}

export async function installPackages({ packages }: Plan): Promise<void> {
  const missing = await ensurePackages(packages);
  if (missing.length > 0)
    throw new Refusal(`these packages could not be installed: ${missing.map(({ name }) => name).join(' ')}`);
}

export function printStep(text: string): void {
  process.stdout.write(`  ${text}\n`);
}

export const describe = ({ name, roles, cloudId }: NodeFile): string =>
  `node ${name} (${roles.join(', ')}) of cloud ${cloudId}`;

/** A full disk is the operator's to solve; the command can be repeated then. */
export async function withoutFullDisk<T>(path: string, command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    throw new Refusal(`no space left at ${path}: free some and repeat wattle ${command}, which goes on`, { cause });
  }
}
