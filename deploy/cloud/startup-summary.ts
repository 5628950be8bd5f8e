/** Printed after a start: the endpoints, and how to log in. */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Endpoint } from '../endpoints.ts';
import { findRunning } from '../processes/pid-file.ts';
import type { Home } from '../settings.ts';

/** `varDirectory` is the cloud's directory as the settings name it; it may be a link. */
export function printRunning(
  { directory, cloud }: Home,
  varDirectory: string,
  role: string,
  endpoints: readonly Endpoint[],
): void {
  const running = findRunning(join(directory.run, `${role}.pid`));
  const short = (file: string) => {
    const path = relative(process.cwd(), join(varDirectory, file));
    return path.startsWith('..') ? join(varDirectory, file) : path;
  };
  const lines = [
    '',
    `Wattle is running: cloud ${cloud.id}, ${{ all: 'everything', supervisor: 'all roles' }[role] ?? role} in process ${running?.pid ?? 'unknown'}, log ${short(`log/${role}.log`)}`,
    '',
    ...endpoints.map(({ name, url }) => `  ${name.padEnd(14)} ${url}`),
    '',
    ...(existsSync(join(directory.path, 'openrc'))
      ? [
          `Log in:   . ${short('openrc')}            then, for example: openstack catalog list`,
          `or:       export OS_CLIENT_CONFIG_FILE=${join(varDirectory, 'clouds.yaml')} OS_CLOUD=wattle`,
        ]
      : []),
    'Stop:     npm stop                  (guests keep running; npx wattle down ends them too)',
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
