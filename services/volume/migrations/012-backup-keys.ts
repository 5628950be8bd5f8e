import { ensureColumn } from '#shared/db/ensure.ts';
import type { Migration } from '#shared/db/migrate.ts';

export const backupKeys: Migration = {
  name: '012-backup-keys',
  up: (tx) => ensureColumn(tx, 'backups', 'encryptionKeyId', (t) => t.string('encryptionKeyId', 36)),
};
