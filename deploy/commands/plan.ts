import { type Command, Refusal } from '../command.ts';
import { planFor } from '../rack/node-options.ts';
import { formatPlan } from '../rack/plan.ts';
import { varPath } from '../settings.ts';

/** Returns 1 when this host cannot have the role as it is. */
export const command: Command = async (options) => {
  const isFirst = options.given.first === true;
  if (!isFirst && options.roles.length === 0) throw new Refusal('--role is missing; see wattle plan --help');
  const plan = await planFor(options, await varPath(), isFirst);
  process.stdout.write(
    `This host would be ${isFirst ? 'the first node of a new cloud' : 'a node of a cloud'}:\n${formatPlan(plan)}`,
  );
  return plan.problems.length > 0 ? 1 : 0;
};
