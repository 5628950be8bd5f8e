/** The exports of this host in files, since tgtd keeps no state. They contain CHAP secrets: mode 0600. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { GrantSpec } from '#shared/contracts/volume-agent.ts';
import { publish } from '../file/publish.ts';

export interface ExportRecord {
  readonly volumeId: string;
  readonly path: string;
  readonly grants: readonly GrantSpec[];
  /** The number of the target in tgtd: assigned here before tgtd is called, unique among records. */
  readonly tid: number;
  /** The LUN that shows the volume's size; those below it show former ones. */
  readonly lun: number;
  /** The size that LUN has; null: that at its export. */
  readonly sizeGb: number | null;
  /** Removed grants whose accounts and initiators tgtd may still have. */
  readonly ended: readonly GrantSpec[];
  /** The tgtd instance that has the target. */
  readonly madeIn: string | null;
  /** The tgtd instance that has exactly these grants. */
  readonly appliedIn: string | null;
}

export interface Records {
  find(volumeId: string): ExportRecord | undefined;
  all(): readonly ExportRecord[];
  keep(record: ExportRecord): Promise<void>;
  drop(volumeId: string): Promise<void>;
  /** A target number that no record uses. */
  freeTid(): number;
}

/** Reads all records once; no other process writes to the directory. */
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

const fresh = { lun: 1, sizeGb: null, ended: [], madeIn: null, appliedIn: null };

/** Records of earlier versions have no number. Numbered ones come first, so that their numbers are not assigned again. */
async function readRecords(
  directory: string,
): Promise<(Pick<ExportRecord, 'volumeId' | 'path' | 'grants'> & Partial<ExportRecord>)[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.json'));
  const read = await Promise.all(files.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8'))));
  return read.toSorted((one, other) => Number(other.tid !== undefined) - Number(one.tid !== undefined));
}
