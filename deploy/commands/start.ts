import { join } from 'node:path';
import { printRunning } from '../cloud/account.ts';
import { writeFirstWords } from '../cloud/first-words.ts';
import { type Command, type Options, Refusal } from '../command.ts';
import { doorsOf } from '../doors.ts';
import { launch } from '../processes/launch.ts';
import { findRunning } from '../processes/pid-file.ts';
import { partsOf, roleWords } from '../roles.ts';
import { openHome } from '../settings.ts';

export const command: Command = async (options) => {
  const home = await openHome({ split: options.split });
  const { role, wanted } = roleOf(options, home.layout.ports !== undefined);
  const doors = await doorsOf(home);
  const identity = doors.find(({ name }) => name === 'identity');
  if (identity) writeFirstWords(home, `http://${home.cloud.publicAddress}:${identity.port}/v3`);
  if (options.foreground) {
    if (role === 'supervisor') await (await import('../split/supervise.ts')).supervise(home);
    else await (await import('../processes/stay.ts')).stay(home, role, wanted);
    return 0;
  }
  const running = findRunning(join(home.directory.run, `${role}.pid`));
  if (running) process.stdout.write(`Wattle is running already (process ${running.pid}).\n`);
  else await launch(home, role, await doorsOf(home, wanted));
  await printRunning(home, role, await doorsOf(home, wanted));
  return 0;
};

/** What the process is called, in var/run and var/log, and what it runs. */
function roleOf({ roles }: Options, isSplit: boolean) {
  const names = roles.length > 0 ? roles : ['all'];
  const wanted = partsOf(names);
  if (!wanted) throw new Refusal(`--role takes some of ${roleWords().join(', ')}`);
  return { role: isSplit && roles.length === 0 ? 'supervisor' : names.join('+'), wanted };
}
