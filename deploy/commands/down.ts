import { removeLeftovers } from '../cloud/leftovers.ts';
import type { Command } from '../command.ts';
import { stopAll } from '../processes/stop-all.ts';
import { findHome, type Home } from '../settings.ts';

export const command: Command = async () => {
  const home = await findHome();
  if (home) await stopEverything(home);
  else process.stdout.write('There is no cloud here.\n');
  return 0;
};

/** Guests are killed, not shut down; those that were running are started by the next start. */
export async function stopEverything(home: Home): Promise<void> {
  const stopped = await stopAll(home);
  if (stopped.length > 0) process.stdout.write(`Stopped: ${stopped.join(', ')}\n`);
  const { processes, namespaces, links, tables } = await removeLeftovers({
    id: home.cloud.id,
    path: home.directory.path,
  });
  const counted = [
    [processes, 'guests and daemons'],
    [namespaces, 'namespaces'],
    [links, 'bridges and taps'],
    [tables, 'nft tables'],
  ] as const;
  const ended = counted.filter(([some]) => some.length > 0).map(([some, what]) => `${some.length} ${what}`);
  process.stdout.write(
    ended.length > 0
      ? `Removed: ${ended.join(', ')}\n`
      : 'No guests, interfaces or namespaces of this cloud are on this host.\n',
  );
}
