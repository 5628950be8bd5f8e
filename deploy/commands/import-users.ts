import { readFile } from 'node:fs/promises';
import type { ImportPlan } from '../../services/identity/admin.ts';
import { type Command, Refusal } from '../command.ts';
import { getHome } from '../settings.ts';

/** Writes to identity's database; the cloud may be running or stopped. */
export const command: Command = async ({ args: [file], dryRun }) => {
  if (file === undefined) throw new Refusal('FILE is missing; services/identity/README.md describes its format');
  const { settings } = await getHome();
  const content = await readFile(file, 'utf8').catch((error: Error) => {
    throw new Refusal(error.message);
  });
  const { openUserImport } = await import('../../services/identity/admin.ts');
  const users = await openUserImport(settings);
  try {
    const plan = await users.plan(content);
    if (plan.problems.length > 0) throw new Refusal(`nothing was changed:\n  ${plan.problems.join('\n  ')}`);
    if (dryRun) show(plan);
    else await users.run(plan);
    const [created, existing] = [plan.fresh.length, plan.known.length];
    process.stdout.write(
      `${created} users ${dryRun ? 'would be' : 'were'} created; ${existing} exist already and are not changed.\n`,
    );
  } finally {
    await users.close();
  }
  return 0;
};

function show({ fresh, known }: ImportPlan): void {
  for (const { name, domainId, enabled } of fresh)
    process.stdout.write(`+ ${name} in ${domainId}${enabled ? '' : ', disabled'}\n`);
  for (const { name, domainId } of known) process.stdout.write(`= ${name} in ${domainId}\n`);
}
