import { readFileSync, statSync } from 'node:fs';
import { Refusal } from '../command.ts';

const fewestCharacters = 12;

/** Reads the passphrase of a backup: the first line of a file that nobody else may read. Throws Refusal. */
export function readPassphrase(file: string | undefined): string {
  if (file === undefined)
    throw new Refusal(
      '--passphrase-file is missing: a file with the passphrase, which is needed to restore; make one with: (umask 077; openssl rand -base64 24 > FILE)',
    );
  try {
    if (statSync(file).mode & 0o077) throw new Refusal(`${file} may be read by others: chmod 600 ${file}`);
    const [passphrase = ''] = readFileSync(file, 'utf8').split('\n');
    if (passphrase.length >= fewestCharacters) return passphrase;
    throw new Refusal(`the passphrase in ${file} has less than ${fewestCharacters} characters`);
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(`--passphrase-file: ${(cause as Error).message}`, { cause });
  }
}
