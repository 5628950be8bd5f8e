/** Removes the kernel objects of this cloud that no spec needs: leftovers of a crash, or all of them. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryRun } from '#shared/process/run.ts';
import { deleteText } from './blocks.ts';
import { listLinks, listTables, loadNft } from './commands.ts';
import { ensureEnded, listDnsmasq } from './dnsmasq.ts';
import { isOfCloud, type Names } from './names.ts';
import { ensureNamespaceGone, listNamespaces } from './namespaces.ts';
import { ensureForwardRulesGone } from './other-firewalls.ts';
import { deleteGateText } from './router-gate.ts';

export interface Wanted {
  readonly links: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  /** Ids of networks whose DHCP server is on this host. */
  readonly networks: ReadonlySet<string>;
}

const nothing: Wanted = { links: new Set(), namespaces: new Set(), networks: new Set() };

/** Returns the names of the links and namespaces that it removed. */
export async function sweep(names: Names, wanted: Wanted): Promise<string[]> {
  const links = [...(await listLinks()).keys()].filter((link) => isOfCloud(names, link) && !wanted.links.has(link));
  const namespaces = listNamespaces(`${names.table}-`).filter((namespace) => !wanted.namespaces.has(namespace));
  await endDnsmasq(names, wanted);
  // Deleting one end of a veth pair deletes the other, so some deletions fail.
  const lines = links.map((link) => `link del ${link}\n`).join('');
  if (lines) await tryRun(['ip', '-force', '-batch', '-'], { input: lines });
  for (const namespace of namespaces) await ensureNamespaceGone(namespace);
  return [...links, ...namespaces];
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

/** Removes everything of the cloud from this host. Its specs stay on disk and are applied again at the next start. */
export async function tearDown(names: Names): Promise<string[]> {
  const removed = await sweep(names, nothing);
  await loadNft(`${deleteText(names.table)}${deleteGateText(names)}`);
  await ensureForwardRulesGone(names, await listTables());
  await rm(names.runDir, { recursive: true, force: true });
  return removed;
}
