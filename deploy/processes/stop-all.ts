import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Home } from '../settings.ts';
import { findRunning, type Running } from './pid-file.ts';
import { terminate } from './terminate.ts';
import { findUnit, stopUnit } from './unit.ts';

/** The supervisor stops first, since it restarts the others; the database and the broker stop last. */
const last = ['mariadb', 'rabbitmq', 'epmd'];
const rankOf = (role: string) => (role === 'supervisor' ? 0 : 1 + Math.max(0, last.indexOf(role) + 1));

/** Every live process that has a pid file. */
export const listRunning = ({ directory }: Home) => listRunningIn(directory.run);

/** `run` need not exist: after an interrupted purge, or on a new host. */
export function listRunningIn(run: string): (Running & { readonly role: string })[] {
  if (!existsSync(run)) return [];
  const roles = readdirSync(run)
    .filter((file) => file.endsWith('.pid'))
    .map((file) => file.slice(0, -4));
  return roles.flatMap((role) => {
    const running = findRunning(join(run, `${role}.pid`));
    return running ? [{ ...running, role }] : [];
  });
}

/** Returns the roles that it stopped. */
export async function stopAll(home: Home): Promise<string[]> {
  const unit = findUnit();
  const stopped = unit !== undefined && (await stopUnit(unit)) ? [unit] : [];
  for (const rank of [0, 1, 2, 3, 4]) {
    const those = listRunning(home).filter(({ role }) => rankOf(role) === rank);
    await Promise.all(those.map((running) => terminate(running)));
    stopped.push(...those.map(({ role }) => role));
  }
  return stopped;
}
