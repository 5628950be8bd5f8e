import { shortTime } from '#shared/api/times.ts';
import type { Member } from './store.ts';

export const memberView = (member: Member) => ({
  image_id: member.imageId,
  member_id: member.memberId,
  status: member.status,
  created_at: shortTime(member.createdAt),
  updated_at: shortTime(member.updatedAt),
  schema: '/v2/schemas/member',
});
