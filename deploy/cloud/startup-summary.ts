/** What runs where, and how to log in: for whoever just started a cloud. */
import { join, relative } from 'node:path';
import type { Endpoint } from '../endpoints.ts';
import { findRunning } from '../processes/pid-file.ts';
import type { Home } from '../settings.ts';

/** `named` is the cloud's folder as the one who asks names it, maybe a link. */
export function printRunning(
  { directory, cloud }: Home,
  named: string,
  role: string,
  endpoints: readonly Endpoint[],
): void {
  const running = findRunning(join(directory.run, `${role}.pid`));
  const short = (file: string) => {
    const path = relative(process.cwd(), join(named, file));
    return path.startsWith('..') ? join(named, file) : path;
  };
  const lines = [
    '',
    `Wattle runs: cloud ${cloud.id}, ${role === 'all' ? 'everything' : role} in process ${running?.pid ?? 'unknown'}, log ${short(`log/${role}.log`)}`,
    '',
    ...endpoints.map(({ name, url }) => `  ${name.padEnd(14)} ${url}`),
    '',
    `Log in:   . ${short('openrc')}            and then, say: openstack catalog list`,
    `or:       export OS_CLIENT_CONFIG_FILE=${join(named, 'clouds.yaml')} OS_CLOUD=wattle`,
    'Stop:     npm stop                  (guests go on; npx wattle down stops them too)',
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
