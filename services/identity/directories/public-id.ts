import { createHash } from 'node:crypto';
import type { Mapping } from './store.ts';

/** The id that Keystone gives, so that ids stay the same after a migration from Keystone. */
export const publicIdOf = ({ domainId, kind, localId }: Omit<Mapping, 'publicId'>): string =>
  createHash('sha256').update(domainId).update(kind).update(localId).digest('hex');

/** Ids of our own tables have half that length, so no query is needed to tell them apart. */
export const isPublicId = (id: string): boolean => /^[0-9a-f]{64}$/.test(id);
