/** What this host exports, kept by the agent, for tgtd forgets everything when it ends. It holds CHAP secrets: 0600. */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GrantWish } from '#shared/contracts/volume-agent.ts';
import { publish } from '../file/publish.ts';

export interface ExportRecord {
  readonly volumeId: string;
  readonly path: string;
  readonly grants: readonly GrantWish[];
}

const fileOf = (directory: string, volumeId: string) => join(directory, `${volumeId}.json`);

export async function keepRecord(directory: string, record: ExportRecord): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await publish(fileOf(directory, record.volumeId), (file) => file.writeFile(JSON.stringify(record)));
}

export const dropRecord = (directory: string, volumeId: string) => rm(fileOf(directory, volumeId), { force: true });

export async function findRecord(directory: string, volumeId: string): Promise<ExportRecord | undefined> {
  const text = await readFile(fileOf(directory, volumeId), 'utf8').catch(unlessMissing);
  return text === undefined ? undefined : (JSON.parse(text) as ExportRecord);
}

export async function listRecords(directory: string): Promise<ExportRecord[]> {
  const files = (await readdir(directory).catch(unlessMissing)) ?? [];
  const ids = files.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const found = await Promise.all(ids.map((id) => findRecord(directory, id)));
  return found.filter((record) => record !== undefined);
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
