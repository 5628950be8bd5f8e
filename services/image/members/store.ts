import type { Knex } from 'knex';
import { isDuplicate } from '#shared/db/errors.ts';
import { conflict, Fault } from '#shared/errors/fault.ts';

export const memberStatuses = ['pending', 'accepted', 'rejected'] as const;
export type MemberStatus = (typeof memberStatuses)[number];

export interface Member {
  readonly imageId: string;
  /** The id of the project. */
  readonly memberId: string;
  readonly status: MemberStatus;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** All members, or one. */
export const listMembers = async (db: Knex, imageId: string, memberId?: string): Promise<Member[]> =>
  db<Member>('image_members')
    .where(memberId === undefined ? { imageId } : { imageId, memberId })
    .orderBy('createdAt');

export async function getMember(db: Knex, imageId: string, memberId: string): Promise<Member> {
  const [member] = await listMembers(db, imageId, memberId);
  if (!member) throw memberNotFound(imageId, memberId);
  return member;
}

export const memberNotFound = (imageId: string, memberId: string) =>
  new Fault(404, 'notFound', `${memberId} not found in the member list of the image ${imageId}.`);

export async function insertMember(tx: Knex, member: Member): Promise<void> {
  try {
    await tx<Member>('image_members').insert(member);
  } catch (error) {
    if (isDuplicate(error)) throw conflict(`Member ${member.memberId} is duplicated for image ${member.imageId}`);
    throw error;
  }
}

export const updateMember = (tx: Knex, { imageId, memberId, status, updatedAt }: Member) =>
  tx<Member>('image_members').where({ imageId, memberId }).update({ status, updatedAt });

export const removeMember = (tx: Knex, { imageId, memberId }: Member) =>
  tx<Member>('image_members').where({ imageId, memberId }).delete();
