import { lstatSync, rmSync } from 'node:fs';
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
  for (const folder of [path, `/run/wattle-${home.cloud.id}`]) rmSync(folder, { recursive: true, force: true });
  if (lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(named);
  process.stdout.write(`Removed ${path}\n`);
  return 0;
};
