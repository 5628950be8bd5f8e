import { longTime } from '#shared/api/times.ts';
import type { RbdTarget } from '#shared/contracts/volume-agent.ts';
import type { Attachment } from './resource.ts';
import type { Secrets } from './store.ts';

export const attachmentSummary = ({ id, status, serverId, volumeId }: Attachment) => ({
  id,
  status,
  instance: serverId,
  volume_id: volumeId,
});

/** `secrets` are passed only for callers that may see them. */
export const attachmentView = (attachment: Attachment, secrets?: Secrets) => ({
  ...attachmentSummary(attachment),
  attached_at: longTime(attachment.attachedAt) ?? '',
  detached_at: '',
  attach_mode: attachment.mode,
  connection_info: connectionInfo(attachment, secrets),
});

export function connectionInfo(attachment: Attachment, secrets?: Secrets): Readonly<Record<string, unknown>> {
  const { id, volumeId, target, mode, limits, encryptionKeyId } = attachment;
  if (target === null) return {};
  const key = secrets?.keyOf(attachment);
  const common = {
    volume_id: volumeId,
    encrypted: encryptionKeyId !== null,
    ...(key === undefined ? {} : { encryption_key: key }),
    qos_specs: limits,
    access_mode: mode === 'ro' ? 'ro' : 'rw',
    cacheable: false,
    enforce_multipath: false,
    attachment_id: id,
  };
  if ('image' in target) return { ...rbdInfo(target), ...common };
  return {
    driver_volume_type: 'iscsi',
    target_discovered: false,
    target_portal: target.portal,
    target_iqn: target.iqn,
    target_lun: target.lun,
    auth_method: 'CHAP',
    ...(secrets ? { auth_username: attachment.chapUser, auth_password: secrets.secretOf(attachment) } : {}),
    ...common,
  };
}

/** Each host of guests has a cephx user of its own, whose key is not handed on. */
const rbdInfo = ({ pool, image, monitors }: RbdTarget) => ({
  driver_volume_type: 'rbd',
  name: `${pool}/${image}`,
  hosts: monitors.map((monitor) => monitor.slice(0, monitor.lastIndexOf(':'))),
  ports: monitors.map((monitor) => monitor.slice(monitor.lastIndexOf(':') + 1)),
  cluster_name: 'ceph',
  auth_enabled: true,
  secret_type: 'ceph',
  discard: true,
});
