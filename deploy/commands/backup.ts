import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { isDiskFull } from '#shared/db/errors.ts';
import { createBackup } from '../backup/create.ts';
import { uploadBackup } from '../backup/object-store.ts';
import { readPassphrase } from '../backup/passphrase.ts';
import { type Command, Refusal, textOption } from '../command.ts';
import { getHome, settingsFile } from '../settings.ts';

/** Prints the path of the file, or the name of the object. */
export const command: Command = async (options) => {
  const [directory] = options.args;
  const container = textOption(options, 'container');
  if (directory === undefined && container === undefined)
    throw new Refusal(
      'say where the backup goes: DIRECTORY, or --container NAME in the cloud whose openrc was sourced',
    );
  const passphrase = readPassphrase(textOption(options, 'passphrase-file'));
  const home = await getHome();
  const where = directory === undefined ? home.directory.path : resolve(directory);
  const file = await createBackup({ home, passphrase, directory: where, settingsFile: settingsFile() }).catch(fullDisk);
  try {
    if (container !== undefined) await uploadBackup(file, container);
  } finally {
    if (directory === undefined) rmSync(file, { force: true });
  }
  process.stdout.write(`${container === undefined ? file : `${container}/${file.split('/').at(-1)}`}\n`);
  return 0;
};

function fullDisk(cause: NodeJS.ErrnoException): never {
  if (!isDiskFull(cause) && !/No space left|errno: 28/i.test(cause.message)) throw cause; // the latter: mariadb-dump
  throw new Refusal('no space left: no backup was made; the backup needs the size of the databases twice', { cause });
}
