import { readFileSync } from 'node:fs';
import { findLeftovers } from '../cloud/leftovers.ts';
import type { Command } from '../command.ts';
import { endpointsOf } from '../endpoints.ts';
import { answers } from '../health-check.ts';
import { listRunning } from '../processes/stop-all.ts';
import { findHome } from '../settings.ts';

/** 0 when everything answers, 1 otherwise. */
export const command: Command = async () => {
  const home = await findHome();
  if (!home) {
    process.stdout.write('No cloud was ever started here: npm start\n');
    return 1;
  }
  const running = listRunning(home);
  const endpoints = await endpointsOf(home);
  const open = await Promise.all(endpoints.map(answers));
  const left = await findLeftovers({ id: home.cloud.id, path: home.directory.path });
  const guests = left.processes.filter(({ name }) => name.startsWith('qemu-system')).length;
  const lines = [
    `cloud ${home.cloud.id} in ${home.directory.path}`,
    '',
    ...running.map(
      ({ role, pid, ready }) =>
        `  ${role.padEnd(16)} process ${pid}, ${residentMb(pid)} MB${ready || isOther(role) ? '' : ', not ready yet'}`,
    ),
    ...(running.length === 0 ? ['  nothing runs'] : []),
    '',
    ...endpoints.map(
      ({ name, url }, at) => `  ${name.padEnd(16)} ${url.padEnd(28)} ${open[at] ? 'answers' : 'no answer'}`,
    ),
    '',
    `  on this host: ${guests} guests, ${left.links.length} bridges and taps, ${left.namespaces.length} namespaces`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return running.length > 0 && open.every(Boolean) ? 0 : 1;
};

/** Programs of others say nothing of being ready. */
const isOther = (role: string) => ['mariadb', 'rabbitmq', 'epmd'].includes(role);

function residentMb(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m);
  return Math.round(Number(line?.[1] ?? 0) / 1024);
}
