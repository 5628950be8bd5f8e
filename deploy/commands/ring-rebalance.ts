import { applyMoves } from '#shared/ring/moves.ts';
import { type Command, Refusal } from '../command.ts';
import { readReport, withRing } from '../ring/open-ring.ts';
import { describePlan, planStep } from '../ring/step.ts';

/** One step. The next one is possible when its moves are repaired. */
export const command: Command = ({ yes, given }) =>
  withRing(async ({ home, placement, minPartHours, save }) => {
    const hours = given.force === true ? 0 : minPartHours;
    const plan = planStep(placement, await readReport(home), hours);
    process.stdout.write(describePlan(placement, plan, hours));
    if (plan.moves.length === 0) return 0;
    if (!yes) throw new Refusal('nothing was changed; confirm with --yes');
    await save(applyMoves(placement, plan.moves, Date.now()));
    process.stdout.write(
      `Ring version ${placement.version + 1}: replication brings the data; wattle ring says when it is in place.\n`,
    );
    return 0;
  });
