import { longTime } from '#shared/api/times.ts';
import type { Attachment } from './store.ts';

export const attachmentSummary = ({ id, status, serverId, volumeId }: Attachment) => ({
  id,
  status,
  instance: serverId,
  volume_id: volumeId,
});

export const attachmentView = (attachment: Attachment) => ({
  ...attachmentSummary(attachment),
  attached_at: longTime(attachment.attachedAt) ?? '',
  detached_at: '',
  attach_mode: attachment.mode,
  connection_info: connectionInfo(attachment),
});

/** What an initiator needs, its password too: whoever may see the attachment may use it. */
function connectionInfo({ id, volumeId, target, mode, chapUser, chapSecret }: Attachment) {
  if (target === null) return {};
  return {
    driver_volume_type: 'iscsi',
    target_discovered: false,
    target_portal: target.portal,
    target_iqn: target.iqn,
    target_lun: target.lun,
    volume_id: volumeId,
    auth_method: 'CHAP',
    auth_username: chapUser,
    auth_password: chapSecret,
    encrypted: false,
    qos_specs: null,
    access_mode: mode === 'ro' ? 'ro' : 'rw',
    cacheable: false,
    enforce_multipath: false,
    attachment_id: id,
  };
}
