import type { Command } from '../command.ts';
import { readReport, withRing } from '../ring/open-ring.ts';
import { describePlan, planStep } from '../ring/step.ts';

export const command: Command = ({ given }) =>
  withRing(async ({ home, placement, minPartHours }) => {
    const hours = given.force === true ? 0 : minPartHours;
    process.stdout.write(describePlan(placement, planStep(placement, await readReport(home), hours), hours));
    return 0;
  });
