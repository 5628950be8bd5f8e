import { createHash } from 'node:crypto';
import type { Mapping } from './store.ts';

/** As Keystone makes it, so that whoever comes from there finds everybody under the id they had. */
export const publicIdOf = ({ domainId, kind, localId }: Omit<Mapping, 'publicId'>): string =>
  createHash('sha256').update(domainId).update(kind).update(localId).digest('hex');

/** Rows have ids of half that length, so nobody needs to look where a user of theirs is kept. */
export const isPublicId = (id: string): boolean => /^[0-9a-f]{64}$/.test(id);
