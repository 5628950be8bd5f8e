import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../settings.ts';
import { findRunning, type Running } from './pid-file.ts';
import { end } from './terminate.ts';

/** The supervisor first, for it would start the others again; the databases last, for the others use them. */
const last = ['mariadb', 'rabbitmq', 'epmd'];
const rankOf = (role: string) => (role === 'supervisor' ? 0 : 1 + Math.max(0, last.indexOf(role) + 1));

/** Every process that Wattle itself runs, by role. */
export function listRunning({ directory }: Home): (Running & { readonly role: string })[] {
  if (!existsSync(directory.run)) return []; // a purge was interrupted
  const roles = readdirSync(directory.run)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => file.slice(0, -4));
  return roles.flatMap((role) => {
    const running = findRunning(join(directory.run, `${role}.pid`));
    return running ? [{ ...running, role }] : [];
  });
}

/** Gives the roles that it stopped. */
export async function stopAll(home: Home): Promise<string[]> {
  const stopped: string[] = [];
  for (const rank of [0, 1, 2, 3, 4]) {
    const those = listRunning(home).filter(({ role }) => rankOf(role) === rank);
    await Promise.all(those.map((running) => end(running)));
    stopped.push(...those.map(({ role }) => role));
  }
  return stopped;
}
