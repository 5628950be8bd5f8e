import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Refusal } from '../command.ts';
import { findHome, varPath } from '../settings.ts';
import { bringDown } from './down.ts';

export const command: Command = async ({ yes }) => {
  const home = await findHome();
  if (!home) {
    process.stdout.write('No cloud was ever started here.\n');
    return 0;
  }
  const { path } = home.directory;
  if (!yes) throw new Refusal(`every server, image, volume and object below ${path} would be gone; say --yes`);
  await bringDown(home);
  const named = await varPath();
  rmSync(`/run/wattle-${home.cloud.id}`, { recursive: true, force: true });
  removeLast(path, 'id');
  if (lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(named);
  process.stdout.write(`Removed ${path}\n`);
  return 0;
};

/** Empties a folder of all but one file, then removes it: what is interrupted or refused can be asked for again. */
function removeLast(folder: string, last: string): void {
  const busy: string[] = [];
  for (const name of readdirSync(folder).filter((each) => each !== last))
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      busy.push(join(folder, name)); // the error of a mount point has neither code nor words
    }
  if (busy.length > 0)
    throw new Refusal(`these cannot be removed (mounted, or in use?): ${busy.join(', ')}. Free them and purge again`);
  rmSync(join(folder, last), { force: true });
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error; // a mount point stays, empty
  }
}
