/** After a restore: what runs that the rows do not know, what they know that does not run, and which services are held. */
import { databaseOf } from '#shared/config/cloud.ts';
import { findHold, releaseHold } from '#shared/db/hold.ts';
import { openDatabase } from '#shared/db/open.ts';
import type { Comparison } from '#shared/hosts/compare.ts';
import { countTasks } from '#shared/workflow/tasks.ts';
import { isAgent, type Part, parts } from '../roles.ts';
import { type Home, sectionOf } from '../settings.ts';

export interface HeldService {
  readonly name: Part;
  readonly reason: string;
  /** Tasks that were under way at the time of the backup, by workflow: they go on once the restore is accepted. */
  readonly tasks: ReadonlyMap<string, number>;
}

/** The services whose databases are held. */
export async function listHeld(home: Home): Promise<HeldService[]> {
  const held: HeldService[] = [];
  await eachDatabase(home, async (name, db) => {
    const reason = await findHold(db);
    if (reason !== undefined) held.push({ name, reason, tasks: await countTasks(db) });
  });
  return held;
}

export const acceptAll = (home: Home): Promise<void> => eachDatabase(home, (_, db) => releaseHold(db));

type Work = (name: Part, db: ReturnType<typeof openDatabase>) => Promise<void>;

async function eachDatabase({ settings, cloud }: Home, work: Work): Promise<void> {
  for (const name of parts.filter((part) => !isAgent(part))) {
    const section = await sectionOf(name);
    if (!('database' in section)) continue;
    const db = openDatabase(String(settings.read(name, section).database || databaseOf(cloud, name)));
    try {
      await work(name, db);
    } finally {
      await db.destroy();
    }
  }
}

/** Services that compare their rows with hosts or files. */
const comparing = ['compute', 'volume', 'network', 'image'] as const;

export async function compareAll({ settings }: Home): Promise<Comparison> {
  const all: Comparison[] = [];
  for (const name of comparing) {
    const { compareRestored } = (await import(new URL(`../../services/${name}/admin.ts`, import.meta.url).href)) as {
      compareRestored(of: typeof settings): Promise<Comparison>;
    };
    all.push(await compareRestored(settings));
  }
  return {
    unknown: all.flatMap(({ unknown }) => unknown),
    missing: all.flatMap(({ missing }) => missing),
    silent: [...new Set(all.flatMap(({ silent }) => silent))],
  };
}

/** Lines for people. */
export function describe(held: readonly HeldService[], { unknown, missing, silent }: Comparison): string {
  const listed = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [`${title}: none`] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
  const onHosts = (some: Comparison['unknown']) => some.map(({ kind, id, host }) => `${kind} ${id} on ${host}`);
  const tasks = held.flatMap(({ name, tasks: own }) => [...own].map(([flow, count]) => `${count} of ${name}: ${flow}`));
  return [
    ...held.slice(0, 1).map(({ reason }) => `This cloud is ${reason}, and held.`),
    ...listed('There, and not in the restored rows', onHosts(unknown)),
    ...listed('In the restored rows, and not there', onHosts(missing)),
    ...listed('Tasks that were under way at the time of the backup, and go on once it is accepted', tasks),
    ...listed('Hosts that have not reported since the restore', silent),
    '',
  ].join('\n');
}
