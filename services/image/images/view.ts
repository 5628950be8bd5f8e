import { shortTime } from '#shared/api/times.ts';
import { hasBytes } from './states.ts';
import type { Image } from './store.ts';

export const imageView = (image: Image): Record<string, unknown> => ({
  ...image.properties,
  name: image.name,
  disk_format: image.diskFormat,
  container_format: image.containerFormat,
  visibility: image.visibility,
  size: image.size,
  virtual_size: image.virtualSize,
  status: image.status,
  checksum: image.checksum,
  protected: image.isProtected,
  min_ram: image.minRam,
  min_disk: image.minDisk,
  owner: image.owner,
  os_hidden: image.osHidden,
  os_hash_algo: image.osHashAlgo,
  os_hash_value: image.osHashValue,
  id: image.id,
  created_at: shortTime(image.createdAt),
  updated_at: shortTime(image.updatedAt),
  tags: image.tags,
  self: `/v2/images/${image.id}`,
  file: `/v2/images/${image.id}/file`,
  schema: '/v2/schemas/image',
  ...(hasBytes(image.status) ? { stores: 'file' } : {}),
});

/** The target of policy rules. */
export const imageTarget = (image: Image, memberId?: string | null): Record<string, unknown> => ({
  project_id: image.owner,
  owner: image.owner,
  visibility: image.visibility,
  ...(memberId === undefined ? {} : { member_id: memberId }),
});
