import { join } from 'node:path';
import { type Command, type Options, Refusal } from '../command.ts';
import { findRunning } from '../processes/pid-file.ts';
import { findUnit, startUnit } from '../processes/unit.ts';
import { processesOf } from '../rack/node-roles.ts';
import { isManagement } from '../rack/peers.ts';
import { type Part, partsOf, roleNames } from '../roles.ts';
import { type Home, openHome, varPath } from '../settings.ts';

export const command: Command = async (options) => {
  const home = await openHome({ split: options.split });
  if (home.node) await (await import('../rack/watch-cloud.ts')).checkFit(home.directory.path);
  const { role, wanted } = roleOf(options, home);
  if (wanted.includes('identity')) await writeLogin(home);
  if (options.foreground) await runInForeground(home, role, wanted);
  else await startInBackground(home, role, wanted, options.roles);
  return 0;
};

/** The name of the process, in var/run and var/log, and the parts that it runs. */
function roleOf({ roles }: Options, { layout, node }: Home) {
  const names = roles.length > 0 ? roles : node ? processesOf(node).flatMap((names) => names.split('+')) : ['all'];
  const wanted = partsOf(names);
  if (!wanted) throw new Refusal(`--role takes any of ${roleNames().join(', ')}`);
  const isSplit = layout.ports !== undefined || (node !== undefined && isManagement(node));
  return { role: isSplit && roles.length === 0 ? 'supervisor' : names.join('+'), wanted };
}

/** Loads only what the role needs, so that an agent uses little memory. */
async function runInForeground(home: Home, role: string, wanted: readonly Part[]): Promise<void> {
  if (role === 'supervisor' && home.node) await (await import('../rack/supervise-node.ts')).superviseNode(home);
  else if (role === 'supervisor') await (await import('../split/supervise.ts')).supervise(home);
  else await (await import('../processes/run-roles.ts')).runRoles(home, role, wanted);
}

export async function startInBackground(
  home: Home,
  role: string,
  wanted: readonly Part[],
  roles: readonly string[] = [],
): Promise<void> {
  const [{ printRunning }, { endpointsOf }] = await Promise.all([
    import('../cloud/startup-summary.ts'),
    import('../endpoints.ts'),
  ]);
  const endpoints = await endpointsOf(home, wanted);
  const running = findRunning(join(home.directory.run, `${role}.pid`));
  const unit = roles.length === 0 ? findUnit() : undefined;
  if (running) process.stdout.write(`Wattle is already running (process ${running.pid}).\n`);
  else if (unit !== undefined) await startUnit(unit);
  else await (await import('../processes/launch.ts')).launchRole(home, role, endpoints, wanted);
  printRunning(home, await varPath(), role, endpoints);
}

/** So that the files exist before identity responds. */
async function writeLogin(home: Home): Promise<void> {
  const [{ writeLoginFiles }, { endpointsOf }] = await Promise.all([
    import('../cloud/login-files.ts'),
    import('../endpoints.ts'),
  ]);
  const [identity] = await endpointsOf(home, ['identity']);
  const { publicScheme, publicAddress } = home.cloud;
  if (identity) writeLoginFiles(home, `${publicScheme}://${publicAddress}:${identity.port}/v3`);
}
