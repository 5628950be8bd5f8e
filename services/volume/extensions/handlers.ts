import { notFound } from '#shared/errors/fault.ts';
import { type Handler, ok } from '#shared/http/route.ts';
import type { Volumes } from '../context.ts';

/** The extensions that are implemented; clients look them up by alias before they use them. */
const extensions = [
  ['AdminActions', 'os-admin-actions', 'Enable admin actions.'],
  ['AvailabilityZones', 'os-availability-zone', 'Describe Availability Zones.'],
  ['ExtendedSnapshotAttributes', 'os-extended-snapshot-attributes', 'Extended SnapshotAttributes support.'],
  ['Capabilities', 'capabilities', 'Capabilities support.'],
  ['Hosts', 'os-hosts', 'Admin-only host administration.'],
  ['VolumeTransfer', 'os-volume-transfer', 'Volume transfer management support.'],
  ['Quotas', 'os-quota-sets', 'Quota management support.'],
  ['QuotaClassSets', 'os-quota-class-sets', 'Quota classes management support.'],
  ['SchedulerHints', 'OS-SCH-HNT', 'Pass arbitrary key/value pairs to the scheduler.'],
  ['SchedulerStats', 'scheduler-stats', 'Scheduler stats support.'],
  ['Services', 'os-services', 'Services support.'],
  ['SnapshotActions', 'os-snapshot-actions', 'Enable snapshot manager actions.'],
  ['SnapshotManage', 'os-snapshot-manage', "Allows existing backend storage to be 'managed' by Cinder."],
  ['SnapshotUnmanage', 'os-snapshot-unmanage', 'Enable volume unmanage operation.'],
  ['TypesExtraSpecs', 'os-types-extra-specs', 'Type extra specs support.'],
  ['TypesManage', 'os-types-manage', 'Types manage support.'],
  ['UsedLimits', 'os-used-limits', 'Provide data on limited resources that are being used.'],
  ['VolumeActions', 'os-volume-actions', 'Enable volume actions.'],
  ['VolumeEncryptionMetadata', 'os-volume-encryption-metadata', 'Volume encryption metadata retrieval support.'],
  ['VolumeHostAttribute', 'os-vol-host-attr', 'Expose host as an attribute of a volume.'],
  ['VolumeImageMetadata', 'os-vol-image-meta', 'Show image metadata associated with the volume.'],
  ['VolumeManage', 'os-volume-manage', "Allows existing backend storage to be 'managed' by Cinder."],
  ['VolumeTenantAttribute', 'os-vol-tenant-attr', 'Expose the internal project_id as an attribute of a volume.'],
  ['VolumeTypeAccess', 'os-volume-type-access', 'Volume type access support.'],
  ['VolumeUnmanage', 'os-volume-unmanage', 'Enable volume unmanage operation.'],
  ['VolumeTypeEncryption', 'encryption', 'Encryption support for volume types.'],
].map(([name = '', alias = '', description = '']) => ({
  name,
  alias,
  description,
  updated: '2014-01-01T00:00:00+00:00',
  links: [],
}));

export const listExtensions: Handler<Volumes> = async () => ok({ extensions });

export const showExtension: Handler<Volumes, unknown, 'id'> = async (_service, { params }) => {
  const extension = extensions.find(({ alias }) => alias === params.id);
  if (!extension) throw notFound('Extension', params.id);
  return ok({ extension });
};
