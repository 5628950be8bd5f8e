import { longTime } from '#shared/api/times.ts';
import type { Attachment } from './resource.ts';

export const attachmentSummary = ({ id, status, serverId, volumeId }: Attachment) => ({
  id,
  status,
  instance: serverId,
  volume_id: volumeId,
});

/** `secretOf` returns the CHAP secret; it is passed only for callers that may see it. */
export const attachmentView = (attachment: Attachment, secretOf?: (attachment: Attachment) => string) => ({
  ...attachmentSummary(attachment),
  attached_at: longTime(attachment.attachedAt) ?? '',
  detached_at: '',
  attach_mode: attachment.mode,
  connection_info: connectionInfo(attachment, secretOf),
});

export function connectionInfo(
  attachment: Attachment,
  secretOf?: (attachment: Attachment) => string,
): Readonly<Record<string, unknown>> {
  const { id, volumeId, target, mode, chapUser, limits } = attachment;
  if (target === null) return {};
  return {
    driver_volume_type: 'iscsi',
    target_discovered: false,
    target_portal: target.portal,
    target_iqn: target.iqn,
    target_lun: target.lun,
    volume_id: volumeId,
    auth_method: 'CHAP',
    ...(secretOf ? { auth_username: chapUser, auth_password: secretOf(attachment) } : {}),
    encrypted: false,
    qos_specs: limits,
    access_mode: mode === 'ro' ? 'ro' : 'rw',
    cacheable: false,
    enforce_multipath: false,
    attachment_id: id,
  };
}
