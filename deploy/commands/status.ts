import { readFileSync } from 'node:fs';
import { findLeftovers } from '../cloud/leftovers.ts';
import type { Command } from '../command.ts';
import { endpointsOf } from '../endpoints.ts';
import { responds } from '../health-check.ts';
import { listRunning } from '../processes/stop-all.ts';
import { partsOfRoles } from '../rack/node-roles.ts';
import { lossLines } from '../ring/describe.ts';
import { readReport } from '../ring/open-ring.ts';
import { parts } from '../roles.ts';
import { findHome, type Home } from '../settings.ts';

/** Returns 0 when every API responds, 1 otherwise. */
export const command: Command = async () => {
  const home = await findHome();
  if (!home) {
    process.stdout.write('There is no cloud here yet; npm start creates one.\n');
    return 1;
  }
  const running = listRunning(home);
  const endpoints = await endpointsOf(home, home.node ? partsOfRoles(home.node.roles) : parts);
  const up = await Promise.all(endpoints.map(responds));
  const left = await findLeftovers({ id: home.cloud.id, path: home.directory.path });
  const guests = left.processes.filter(({ name }) => name.startsWith('qemu-system')).length;
  const asksRing = endpoints.some(({ name }, at) => name === 'object-store' && up[at]);
  const lines = [
    `cloud ${home.cloud.id} in ${home.directory.path}`,
    '',
    ...running.map(
      ({ role, pid, ready }) =>
        `  ${role.padEnd(16)} process ${pid}, ${residentMb(pid)} MB${ready || isThirdParty(role) ? '' : ', not ready yet'}`,
    ),
    ...(running.length === 0 ? ['  no process is running'] : []),
    '',
    ...endpoints.map(
      ({ name, url }, at) => `  ${name.padEnd(16)} ${url.padEnd(28)} ${up[at] ? 'responds' : 'does not respond'}`,
    ),
    '',
    `  on this host: ${guests} guests, ${left.links.length} bridges and taps, ${left.namespaces.length} namespaces`,
    ...(asksRing ? (await ringLines(home)).map((line) => `  ${line}`) : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return running.length > 0 && up.every(Boolean) ? 0 : 1;
};

/** Whether storage hosts may be lost, where the object store answers. */
const ringLines = (home: Home): Promise<string[]> =>
  readReport(home).then(lossLines, (error: Error) => [`the ring cannot be read: ${error.message}`]);

/** These programs do not write a ready mark. */
const isThirdParty = (role: string) => ['mariadb', 'rabbitmq', 'epmd', 'door'].includes(role);

function residentMb(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m);
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}
