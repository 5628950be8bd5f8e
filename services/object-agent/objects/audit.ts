/** The auditor reads all data again in steps: corrupt data is quarantined, expired objects become tombstones. */
import { setImmediate as breathe } from 'node:timers/promises';
import { placeOf } from '#shared/ring/ring.ts';
import { newTimestamp, timestampOf } from '#shared/ring/timestamp.ts';
import { diskOf } from '../context.ts';
import { type Disk, everythingOn, type Place } from '../drivers/device.ts';
import { close, codeOf } from '../drivers/disk.ts';
import { CorruptObject, type Trailer } from '../drivers/trailer.ts';
import { allReplicas, type ObjectContext } from './announce.ts';
import { quarantine } from './quarantine.ts';
import { readBlock } from './read.ts';
import { removeObject } from './remove.ts';
import { amended, filesIn, type Opened, openFile, readTrailer } from './store.ts';

interface Auditor {
  /** Reads about this many bytes from where the last step ended. */
  step(bytes: number): Promise<void>;
}

export function openAuditor(context: ObjectContext, device: string): Auditor {
  let rest: Iterator<Place> | undefined;
  let nextPass = 0;
  const step = async (bytes: number) => {
    const disk = diskOf(context, device);
    if (!disk) return;
    if (!rest && Date.now() < nextPass) return;
    if (!rest) nextPass = Date.now() + context.settings.auditPassMs;
    rest ??= everythingOn(disk, ['object']);
    for (let left = bytes; left > 0; ) {
      const { value, done } = rest.next();
      if (done) {
        rest = undefined;
        return;
      }
      left -= await audit(context, value);
      await breathe();
    }
  };
  return { step };
}

/** The cost of an object without bytes to read. */
const leastBytes = 16 * 1024;

async function audit(context: ObjectContext, place: Place): Promise<number> {
  const { disk, hash, directory } = place;
  try {
    const { data, meta, gone } = filesIn(directory);
    if (gone) readTrailer(`${directory}/${gone}.ts`);
    if (!data) return leastBytes;
    const trailer = await readAll(openFile(`${directory}/${data}.data`));
    const headers = meta ? amended(trailer.headers, readTrailer(`${directory}/${meta}.meta`).headers) : trailer.headers;
    if (placeOf(context.ring, ...trailer.path).hash !== hash || trailer.timestamp !== data)
      throw new CorruptObject('the file has the data of another object');
    await expire(context, disk, trailer, meta ?? trailer.timestamp, Number(headers['x-delete-at'] ?? Infinity));
    return trailer.bytes + leastBytes;
  } catch (error) {
    if (error instanceof CorruptObject || error instanceof SyntaxError) quarantine(context, place, error);
    else if (codeOf(error) !== 'ENOENT')
      context.log.error({ device: disk.name, hash, error }, 'an object cannot be audited');
    return leastBytes;
  }
}

async function readAll(opened: Opened): Promise<Trailer> {
  try {
    for (const number of opened.trailer.crcs.keys()) await readBlock(opened, number);
    return opened.trailer;
  } finally {
    await close(opened.fd);
  }
}

/** The tombstone has the time of the expiry, which is the same on every replica. */
async function expire(
  context: ObjectContext,
  disk: Disk,
  { path }: Trailer,
  last: string,
  deleteAt: number,
): Promise<void> {
  if (deleteAt > Date.now() / 1000) return;
  const end = timestampOf(deleteAt);
  const headers = { 'x-timestamp': end > last ? end : newTimestamp(), 'x-container-replicas': allReplicas(context) };
  await removeObject(context, disk, { path, headers });
}
