import { since, type Version, view } from '#shared/api/versions.ts';
import type { Attachment } from './store.ts';

/** A volume attachment in lists and when shown. */
export const attachmentView: (attachment: Attachment, version: Version) => Record<string, unknown> = view<Attachment>(
  since('2.1', ({ volumeId, serverId, device }) => ({ id: volumeId, volumeId, serverId, device })),
  since('2.70', ({ tag }) => ({ tag })),
  since('2.79', ({ deleteOnTermination }) => ({ delete_on_termination: deleteOnTermination })),
  since('2.89', ({ attachmentId, id }) => ({ id: undefined, attachment_id: attachmentId, bdm_uuid: id })),
);

/** The response of an attach, which 2.89 did not change. */
export const attachedView = (attachment: Attachment, version: Version): Record<string, unknown> => {
  const { attachment_id: _, bdm_uuid: __, ...view } = attachmentView(attachment, version);
  return { ...view, id: attachment.volumeId };
};
