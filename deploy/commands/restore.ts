import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from '#shared/db/errors.ts';
import type { Archive } from '../backup/archive.ts';
import { downloadBackup } from '../backup/object-store.ts';
import { readPassphrase } from '../backup/passphrase.ts';
import { acceptAll, compareAll, describe, listHeld } from '../backup/report.ts';
import { type Restored, restoreBackup } from '../backup/restore.ts';
import { type Command, type Options, Refusal, textOption } from '../command.ts';
import { getHome, varPath } from '../settings.ts';

export const command: Command = async (options) => {
  const [name] = options.args;
  if (options.given.report || options.given.accept) return await review(options, name);
  if (name === undefined) throw new Refusal('FILE is missing: a backup, or --report or --accept after a restore');
  const archive = await archiveOf(name, options);
  const replace = options.given.replace === true;
  const restored = await restoreBackup({ archive, path: await varPath(), replace }).catch((cause) => {
    if (!isDiskFull(cause)) throw cause;
    throw new Refusal('no space left: nothing was restored; free some and repeat the command', { cause });
  });
  process.stdout.write(summaryOf(restored));
  return 0;
};

async function archiveOf(name: string, options: Options): Promise<Archive> {
  const passphrase = readPassphrase(textOption(options, 'passphrase-file'));
  const container = textOption(options, 'container');
  if (container !== undefined) return { name, passphrase, open: () => downloadBackup(name, container) };
  await access(name).catch((cause: Error) => {
    throw new Refusal(cause.message, { cause });
  });
  return { name, passphrase, open: async () => createReadStream(name) };
}

/** Hosts report within seconds of a start; --report waits for those that the rows name. */
async function review(options: Options, name: string | undefined): Promise<number> {
  if (name !== undefined) throw new Refusal('--report and --accept take no FILE: the restore is done');
  const home = await getHome();
  if (home.node) (await import('../rack/trust.ts')).trustCloud(home.directory.path, { onlyCloud: true });
  const held = await listHeld(home);
  if (held.length === 0) {
    process.stdout.write('This cloud is not held by a restore.\n');
    return 0;
  }
  const until = Date.now() + (options.given.accept ? 0 : waitMs);
  let found = await compareAll(home);
  for (; found.silent.length > 0 && Date.now() < until; found = await compareAll(home)) await sleep(1_000);
  process.stdout.write(describe(held, found));
  if (options.given.accept) {
    await acceptAll(home);
    process.stdout.write('Accepted: tasks go on, and what the rows do not know is removed from now on.\n');
    return 0;
  }
  process.stdout.write('Nothing is removed and no task runs until: wattle restore --accept\n');
  return found.unknown.length + found.missing.length + found.silent.length > 0 ? 1 : 0;
}

const waitMs = 40_000;

function summaryOf({ manifest, path, former }: Restored): string {
  const { cloudId, createdAt, version, environment } = manifest;
  const lost = Object.entries(environment).filter(([name, value]) => process.env[name] !== value);
  return [
    `Restored cloud ${cloudId} of ${createdAt} (release ${version}) to ${path}.`,
    ...(former ? [`The former databases and secrets are in ${former}.`] : []),
    `The settings file of that time, if there was one, is ${join(path, 'restored-wattle.yaml')}: compare it with yours.`,
    ...(lost.length > 0 ? [`It ran with these variables: ${lost.map(([name]) => name).join(', ')}.`] : []),
    'Next: wattle start, then wattle restore --report. The cloud answers, and holds: no task runs, and nothing is removed',
    'from any host, until: wattle restore --accept. Tokens that were revoked since the backup are valid again until they',
    'expire.',
    '',
  ].join('\n');
}
