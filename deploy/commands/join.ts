import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Command, type Options, Refusal, textOption } from '../command.ts';
import { findJoined, joinCloud } from '../rack/join-cloud.ts';
import type { NodeFile } from '../rack/node-directory.ts';
import { confirmPlan, describe, installPackages, planFor, printStep, withoutFullDisk } from '../rack/node-options.ts';
import { parseRoles } from '../rack/node-roles.ts';
import { type JoinToken, parseToken } from '../rack/token.ts';
import { varPath } from '../settings.ts';
import { command as start } from './start.ts';

export const command: Command = async (options) => {
  const path = await varPath();
  const joined = findJoined(path, existsSync(join(path, 'layout.json')));
  if (joined) refuseOther(joined, options);
  else {
    const token = await readToken(options);
    const plan = await planFor(options, path, false);
    await confirmPlan(`This host joins the cloud of ${token.registry}:`, plan, options);
    await installPackages(plan);
    const [replaces, disk] = [textOption(options, 'replaces') ?? '', textOption(options, 'disk') ?? ''];
    const node = await withoutFullDisk(path, 'join', () =>
      joinCloud({ token, path, spec: plan.node, replaces, disk, onStep: printStep }),
    );
    printStep(`joined as ${describe(node)}`);
  }
  return options.given['no-start'] ? 0 : start({ ...options, roles: [] });
};

function refuseOther(joined: NodeFile, { roles }: Options): void {
  const wanted = parseRoles(roles);
  if (wanted.join() !== joined.roles.join())
    throw new Refusal(
      `this host is already ${describe(joined)}; to change its roles, remove it there and purge it here first`,
    );
  printStep(`already ${describe(joined)}: nothing to do`);
}

async function readToken(options: Options): Promise<JoinToken> {
  const [[given], file] = [options.args, textOption(options, 'token-file')];
  if (file !== undefined && given !== undefined) throw new Refusal('give the token once: as --token-file, - or TOKEN');
  if (file !== undefined) return parseToken(readTokenFile(file));
  if (given === undefined)
    throw new Refusal('a token is missing: --token-file FILE, or - to read it from standard input');
  return parseToken(given === '-' ? await text(process.stdin) : given);
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Refusal(`--token-file: ${(cause as Error).message}`, { cause });
  }
}
