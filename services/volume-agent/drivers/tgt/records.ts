/** What this host exports, kept by the agent, for tgtd forgets everything when it ends. It holds CHAP secrets: 0600. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { GrantSpec } from '#shared/contracts/volume-agent.ts';
import { publish } from '../file/publish.ts';

export interface ExportRecord {
  readonly volumeId: string;
  readonly path: string;
  readonly grants: readonly GrantSpec[];
  /** tgtd's number of the target: given here, before tgtd is asked, and to no other record. */
  readonly tid: number;
  /** Grants that ended: their accounts and initiators may still stand in tgtd. */
  readonly ended: readonly GrantSpec[];
  /** The tgtd in which the target was made under this number. */
  readonly madeIn: string | null;
  /** The tgtd that has all grants and nothing else. */
  readonly appliedIn: string | null;
}

export interface Records {
  find(volumeId: string): ExportRecord | undefined;
  all(): readonly ExportRecord[];
  keep(record: ExportRecord): Promise<void>;
  drop(volumeId: string): Promise<void>;
  /** A number that no target of a record has. */
  freeTid(): number;
}

/** Read once; this agent alone writes there. */
export async function openRecords(directory: string): Promise<Records> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const known = new Map<string, ExportRecord>();
  const fileOf = (volumeId: string) =>
    join(directory, `${requireName(resourceId, volumeId, 'the id of a volume')}.json`);
  const freeTid = () => Math.max(0, ...[...known.values()].map(({ tid }) => tid)) + 1;
  for (const found of await readRecords(directory)) known.set(found.volumeId, { ...fresh, tid: freeTid(), ...found });
  return {
    find: (volumeId) => known.get(volumeId),
    all: () => [...known.values()],
    keep: async (record) => {
      await publish(fileOf(record.volumeId), (file) => file.writeFile(JSON.stringify(record)));
      known.set(record.volumeId, record);
    },
    drop: async (volumeId) => {
      await rm(fileOf(volumeId), { force: true });
      known.delete(volumeId);
    },
    freeTid,
  };
}

const fresh = { ended: [], madeIn: null, appliedIn: null };

/** Those of an earlier version say nothing of numbers. Numbered ones come first, so that theirs are not given away. */
async function readRecords(
  directory: string,
): Promise<(Pick<ExportRecord, 'volumeId' | 'path' | 'grants'> & Partial<ExportRecord>)[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  const read = await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8'))));
  return read.toSorted((one, other) => Number(other.tid !== undefined) - Number(one.tid !== undefined));
}
