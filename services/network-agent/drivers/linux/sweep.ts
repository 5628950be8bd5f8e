/** Takes away what carries this cloud's marks and is not wanted: after a crash, or all of it. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryRun } from '#shared/process/run.ts';
import { goneText } from './blocks.ts';
import { listLinks, listTables, loadNft } from './commands.ts';
import { ensureEnded, listDnsmasq } from './dnsmasq.ts';
import { isOurs, type Names } from './names.ts';
import { ensureSpaceGone, listSpaces } from './namespaces.ts';
import { ensureNotNamed } from './other-firewalls.ts';

export interface Wanted {
  readonly links: ReadonlySet<string>;
  readonly spaces: ReadonlySet<string>;
  /** Ids of networks whose leases are given from here. */
  readonly networks: ReadonlySet<string>;
}

const nothing: Wanted = { links: new Set(), spaces: new Set(), networks: new Set() };

/** Gives the names of what it took away. */
export async function sweep(names: Names, wanted: Wanted): Promise<string[]> {
  const links = [...(await listLinks()).keys()].filter((link) => isOurs(names, link) && !wanted.links.has(link));
  const spaces = listSpaces(`${names.table}-`).filter((space) => !wanted.spaces.has(space));
  await endDnsmasq(names, wanted);
  // One end of a cable takes the other along, so some are gone when their turn comes.
  const lines = links.map((link) => `link del ${link}\n`).join('');
  if (lines) await tryRun(['ip', '-force', '-batch', '-'], { input: lines });
  for (const space of spaces) await ensureSpaceGone(space);
  return [...links, ...spaces];
}

async function endDnsmasq({ runDir }: Names, { networks }: Wanted): Promise<void> {
  const dir = join(runDir, 'dhcp');
  const known = await readdir(dir).catch(() => []);
  const keep = known
    .filter((networkId) => networks.has(networkId))
    .flatMap((networkId) => listDnsmasq(join(dir, networkId)));
  const ended = listDnsmasq(dir).filter((pid) => !keep.includes(pid));
  await Promise.all(ended.map(ensureEnded));
  for (const networkId of known) {
    if (!networks.has(networkId)) await rm(join(dir, networkId), { recursive: true, force: true });
  }
}

/** The cloud leaves this host. What it was asked to be stays written down, and stands again at the next start. */
export async function tearDown(names: Names): Promise<string[]> {
  const gone = await sweep(names, nothing);
  await loadNft(goneText(names.table));
  await ensureNotNamed(names, await listTables());
  await rm(names.runDir, { recursive: true, force: true });
  return gone;
}
