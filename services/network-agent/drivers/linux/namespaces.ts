/** Network namespaces, by name. */
import { readdirSync } from 'node:fs';
import { call, callForGone, inside, ipBatch, type Links, listLinks } from './commands.ts';

const dir = '/run/netns';

export function listSpaces(beginning: string): string[] {
  try {
    return readdirSync(dir).filter((name) => name.startsWith(beginning));
  } catch {
    return []; // nobody made a namespace since the machine started
  }
}

export const isListed = (space: string): boolean => listSpaces(space).includes(space);

/** Makes it, with these kernel switches set to 1, and gives its links. Whoever died in the middle of it left a mere file. */
export async function ensureSpace(space: string, switches: readonly string[]): Promise<Links> {
  const links = await linksIn(space);
  if (links?.get('lo')?.up) return links;
  if (!links) {
    if (isListed(space)) await ensureSpaceGone(space);
    await call(['ip', 'netns', 'add', space]);
  }
  const files = switches.map((name) => `/proc/sys/net/${name}`);
  if (files.length > 0) await call([...inside(space), 'tee', ...files], { input: '1' });
  await ipBatch(['link set lo up'], space); // last: it says that the rest is done
  return listLinks(space);
}

async function linksIn(space: string): Promise<Links | null> {
  if (!isListed(space)) return null;
  return listLinks(space).catch(() => null);
}

export const ensureSpaceGone = (space: string): Promise<void> =>
  callForGone(['ip', 'netns', 'del', space], /No such file/);
