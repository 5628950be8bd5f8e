import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Refusal } from '../command.ts';
import { findHome, varPath } from '../settings.ts';
import { stopEverything } from './down.ts';

export const command: Command = async ({ yes }) => {
  const home = await findHome();
  if (!home) {
    process.stdout.write('There is no cloud here.\n');
    return 0;
  }
  const { path } = home.directory;
  if (!yes) throw new Refusal(`this deletes every server, image, volume and object below ${path}; confirm with --yes`);
  await stopEverything(home);
  const link = await varPath();
  rmSync(`/run/wattle-${home.cloud.id}`, { recursive: true, force: true });
  removeKeepingLast(path, 'id');
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(link);
  process.stdout.write(`Removed ${path}\n`);
  return 0;
};

/** Removes a directory, and one file of it last: an interrupted or refused purge can be repeated. */
function removeKeepingLast(folder: string, last: string): void {
  const busy: string[] = [];
  for (const name of readdirSync(folder).filter((each) => each !== last))
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      busy.push(join(folder, name)); // for a mount point the error has neither code nor message
    }
  if (busy.length > 0)
    throw new Refusal(`cannot remove ${busy.join(', ')}: mounted or in use? Unmount and purge again`);
  rmSync(join(folder, last), { force: true });
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error; // a mount point is left, empty
  }
}
