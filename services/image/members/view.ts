import { timeView } from '../images/view.ts';
import type { Member } from './store.ts';

export const memberView = (member: Member) => ({
  image_id: member.imageId,
  member_id: member.memberId,
  status: member.status,
  created_at: timeView(member.createdAt),
  updated_at: timeView(member.updatedAt),
  schema: '/v2/schemas/member',
});
