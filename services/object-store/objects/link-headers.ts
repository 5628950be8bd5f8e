/** The stored headers of symbolic links, of which versioned objects are a kind. */
import type { Headers } from '#shared/contracts/object-agent.ts';
import type { ObjectPath } from '../requests/request.ts';

export const linkHeader = 'x-object-sysmeta-symlink-target';
/** Written by object versioning alone: its target is part of the same object, so no access list is asked. */
export const versionHeader = 'x-object-sysmeta-version-id';
/** What the entry in the listing has in place of the ETag and the length of the object. */
export const listedEtag = 'x-object-sysmeta-container-update-override-etag';
export const listedSize = 'x-object-sysmeta-container-update-override-size';

/** Percent-encoded, as headers and listings have it. */
export const encodedPath = ({ container, object }: ObjectPath): string =>
  [container, ...object.split('/')].map(encodeURIComponent).join('/');

export const linkHeaders = (target: ObjectPath, account = true): Headers => ({
  [linkHeader]: encodedPath(target),
  ...(account ? { [`${linkHeader}-account`]: encodeURIComponent(target.account) } : {}),
});
