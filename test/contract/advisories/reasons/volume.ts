/** Advisories on the volume service and its agent without a test, and why they do not apply. */
export const reasons: Readonly<Record<string, string>> = {
  'OSSN-0016':
    'No setting says whether and how volumes are wiped (services/volume-agent/config.ts), so none can be wrong: a volume is a new sparse file, which reads as zeros wherever nobody wrote, as the test of OSSN-0084 shows.',
  'OSSN-0019':
    'No service opens SSH connections: no driver in services/volume-agent/drivers reaches another machine, and no SSH client is among the dependencies in package.json.',
};
