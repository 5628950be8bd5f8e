import { removeLeftovers } from '../cloud/leftovers.ts';
import type { Command } from '../command.ts';
import { stopAll } from '../processes/stop-all.ts';
import { findHome, type Home } from '../settings.ts';

export const command: Command = async () => {
  const home = await findHome();
  if (home) await bringDown(home);
  else process.stdout.write('No cloud was ever started here.\n');
  return 0;
};

/** To the guests it is a power cut: those that were on come back at the next start. */
export async function bringDown(home: Home): Promise<void> {
  const stopped = await stopAll(home);
  if (stopped.length > 0) process.stdout.write(`Stopped: ${stopped.join(', ')}\n`);
  const { processes, namespaces, links, tables } = await removeLeftovers({
    id: home.cloud.id,
    path: home.directory.path,
  });
  const counted = [
    [processes, 'guests and helpers'],
    [namespaces, 'namespaces'],
    [links, 'bridges and taps'],
    [tables, 'nft tables'],
  ] as const;
  const words = counted.filter(([some]) => some.length > 0).map(([some, what]) => `${some.length} ${what}`);
  process.stdout.write(words.length > 0 ? `Ended: ${words.join(', ')}\n` : 'Nothing was left on this host.\n');
}
