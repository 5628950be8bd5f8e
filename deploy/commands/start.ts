import { join } from 'node:path';
import { type Command, type Options, Refusal } from '../command.ts';
import { findRunning } from '../processes/pid-file.ts';
import { type Part, partsOf, roleWords } from '../roles.ts';
import { type Home, openHome, varPath } from '../settings.ts';

export const command: Command = async (options) => {
  const home = await openHome({ split: options.split });
  const { role, wanted } = roleOf(options, home.layout.ports !== undefined);
  if (wanted.includes('identity')) await sayHowToLogIn(home);
  if (options.foreground) await stayAs(home, role, wanted);
  else await startAs(home, role, wanted);
  return 0;
};

/** What the process is called, in var/run and var/log, and what it runs. */
function roleOf({ roles }: Options, isSplit: boolean) {
  const names = roles.length > 0 ? roles : ['all'];
  const wanted = partsOf(names);
  if (!wanted) throw new Refusal(`--role takes some of ${roleWords().join(', ')}`);
  return { role: isSplit && roles.length === 0 ? 'supervisor' : names.join('+'), wanted };
}

/** Loads what the role needs and no more: this process stays, and an agent shall be small. */
async function stayAs(home: Home, role: string, wanted: readonly Part[]): Promise<void> {
  if (role === 'supervisor') await (await import('../split/supervise.ts')).supervise(home);
  else await (await import('../processes/run-roles.ts')).stay(home, role, wanted);
}

async function startAs(home: Home, role: string, wanted: readonly Part[]): Promise<void> {
  const [{ printRunning }, { endpointsOf }] = await Promise.all([
    import('../cloud/startup-summary.ts'),
    import('../endpoints.ts'),
  ]);
  const endpoints = await endpointsOf(home, wanted);
  const running = findRunning(join(home.directory.run, `${role}.pid`));
  if (running) process.stdout.write(`Wattle is running already (process ${running.pid}).\n`);
  else await (await import('../processes/launch.ts')).launch(home, role, endpoints, wanted);
  printRunning(home, await varPath(), role, endpoints);
}

async function sayHowToLogIn(home: Home): Promise<void> {
  const [{ writeFirstWords }, { endpointsOf }] = await Promise.all([
    import('../cloud/login-files.ts'),
    import('../endpoints.ts'),
  ]);
  const [identity] = await endpointsOf(home, ['identity']);
  if (identity) writeFirstWords(home, `http://${home.cloud.publicAddress}:${identity.port}/v3`);
}
