import type { Entry } from '#shared/contracts/object-entry.ts';

/** A row of a container's listing: an object of 10 bytes. */
export const entryOf = (name: string, more: Partial<Entry> & Pick<Entry, 'timestamp'>): Entry => ({
  name,
  meta: '',
  deleted: false,
  bytes: 10,
  count: 0,
  type: 't',
  etag: 'e',
  ...more,
});
