/** Network namespaces, by name. */
import { readdirSync } from 'node:fs';
import { ipBatch, type Links, listLinks, netnsExec, runProgram, runUnlessGone } from './commands.ts';

const dir = '/run/netns';

export function listNamespaces(prefix: string): string[] {
  try {
    return readdirSync(dir).filter((name) => name.startsWith(prefix));
  } catch {
    return []; // the directory does not exist before the first namespace since boot
  }
}

export const isListed = (namespace: string): boolean => listNamespaces(namespace).includes(namespace);

/** Creates the namespace with these sysctls set to 1, and returns its links. A crash may have left a file without a namespace. */
export async function ensureNamespace(namespace: string, sysctls: readonly string[]): Promise<Links> {
  const links = await linksIn(namespace);
  if (links?.get('lo')?.up) return links;
  if (!links) {
    if (isListed(namespace)) await ensureNamespaceGone(namespace);
    await runProgram(['ip', 'netns', 'add', namespace]);
  }
  const files = sysctls.map((name) => `/proc/sys/net/${name}`);
  if (files.length > 0) await runProgram([...netnsExec(namespace), 'tee', ...files], { input: '1' });
  await ipBatch(['link set lo up'], namespace); // last: it marks the namespace as complete
  return listLinks(namespace);
}

async function linksIn(namespace: string): Promise<Links | null> {
  if (!isListed(namespace)) return null;
  return listLinks(namespace).catch(() => null);
}

export const ensureNamespaceGone = (namespace: string): Promise<void> =>
  runUnlessGone(['ip', 'netns', 'del', namespace], /No such file/);
