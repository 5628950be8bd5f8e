import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { accepted } from '#shared/http/route.ts';
import { nameSchema, pairsSchema } from '../../attributes.ts';
import { serverAction } from '../action.ts';
import { type SnapshotInput, snapshot } from './create-image.ts';

interface BackupInput extends SnapshotInput {
  readonly backup_type: string;
  readonly rotation: number | string;
}

/** A copy of the root disk; of each type the newest `rotation` ones are kept. */
export const createBackup = serverAction<BackupInput>({
  key: 'createBackup',
  rule: 'os-create-backup',
  input: {
    type: 'object',
    required: ['name', 'backup_type', 'rotation'],
    additionalProperties: false,
    properties: {
      name: nameSchema,
      backup_type: { type: 'string', minLength: 0, maxLength: 255 },
      rotation: { type: ['integer', 'string'], pattern: '^[0-9]+$', minimum: 0 },
      metadata: pairsSchema,
    },
  },
  whileLocked: true,
  answer: async (compute, { caller, version, base }, server, { backup_type: type, rotation, ...input }) => {
    if (server.image === null) throw badRequest('Backup is not supported for volume-backed instances.');
    const keep = Number(rotation);
    const imageId = await snapshot(compute, caller, server, input, { type, keep });
    if (keep === 0) return accepted();
    if (atLeast(version, '2.45')) return accepted({ image_id: imageId });
    return accepted(undefined, { location: `${base}/images/${imageId}` });
  },
});
