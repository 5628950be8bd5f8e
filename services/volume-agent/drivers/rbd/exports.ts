/**
 * Who uses an RBD image. Ceph knows users, not attachments: each compute host has a cephx user for the whole pool. So the end of
 * the last grant of a volume cuts off every client that still has the image open, such as a guest of a host that is away. An OSD
 * learns of that within milliseconds, and at the latest from the next client: no request of it is done before.
 */
import { join } from 'node:path';
import { keyedQueue } from '#shared/clock/keyed-queue.ts';
import { requireName, resourceId } from '#shared/contracts/grammar.ts';
import type { GrantSpec, Target } from '#shared/contracts/volume-agent.ts';
import type { Log } from '#shared/log/log.ts';
import type { Exporter } from '../driver.ts';
import { type ExportRecord, openRecords, type Records } from '../tgt/records.ts';
import type { Rbd } from './commands.ts';

interface RbdExports {
  readonly rbd: Rbd;
  /** Of the records. */
  readonly directory: string;
  readonly log: Log;
}

/** A client that was cut off does not come back by itself, and a host that was away so long has restarted. */
const cutOffSeconds = 24 * 3600;

export async function openRbdExports({ rbd, directory, log }: RbdExports): Promise<Exporter> {
  const records = await openRecords(join(directory, 'exports'));
  const queue = keyedQueue();
  const keepOnly = (volumeId: string, keeps: (grant: GrantSpec) => boolean) =>
    queue(volumeId, async () => {
      const former = records.find(volumeId);
      if (!former) return;
      const grants = former.grants.filter(keeps);
      if (grants.length > 0) return records.keep({ ...former, grants });
      await cutOff(rbd, former, log);
      await records.drop(volumeId);
    });
  return {
    ensureGrant: (spec, image) =>
      queue(spec.volumeId, async () => {
        await keepGrant(records, spec, image);
        return {
          pool: rbd.pool,
          image: image.split('/').at(-1) ?? '',
          monitors: await rbd.monitors(),
        } satisfies Target;
      }),
    ensureGrantGone: ({ id, volumeId }) => keepOnly(volumeId, (grant) => grant.id !== id),
    ensureClosed: (volumeId) => keepOnly(volumeId, () => false),
    isExported: async (volumeId) => records.find(volumeId) !== undefined,
    ensureSize: async () => undefined,
    exported: () => records.all().map(({ volumeId }) => volumeId),
    close: async () => {},
  };
}

/** The account of the grant is of no use here, and its secret is not written. */
async function keepGrant(records: Records, { id, volumeId, initiator, readOnly }: GrantSpec, path: string) {
  requireName(resourceId, id, 'the id of an attachment');
  const former = records.find(volumeId);
  const grant = { id, volumeId, initiator, user: '', secret: '', readOnly };
  const grants = [...(former?.grants ?? []).filter((each) => each.id !== id), grant];
  const fresh = { volumeId, path, tid: 0, lun: 1, sizeGb: null, ended: [], madeIn: null, appliedIn: null };
  await records.keep({ ...fresh, ...former, path, grants });
}

async function cutOff(rbd: Rbd, { volumeId, path }: ExportRecord, log: Log): Promise<void> {
  for (const { address } of await rbd.watchers(path.split('/').at(-1) ?? '')) {
    log.warn({ volumeId, address }, 'a client still has a detached volume open and is cut off');
    await rbd.blocklist(address, cutOffSeconds);
  }
}
