/** The devices of the object ring, what each has, and whether storage hosts may be lost now. */
import type { Command } from '../command.ts';
import { describeRing } from '../ring/describe.ts';
import { readReport, withRing } from '../ring/open-ring.ts';

/** Returns 0 when all replicas are in place and every device answers, 1 otherwise. */
export const command: Command = () =>
  withRing(async ({ home, placement }) => {
    const report = await readReport(home);
    process.stdout.write(describeRing(placement, report));
    const { whole, partitions, devices } = report.dispersion;
    return whole === partitions && devices.every(({ answers }) => answers) ? 0 : 1;
  });
