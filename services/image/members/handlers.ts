/** Whom a shared image is shared with. The owner names a project; that project accepts or rejects. */
import { isAdmin } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { tooMany } from '../images/attributes.ts';
import { allow, findOwn } from '../images/handlers.ts';
import { type Image, lockImage } from '../images/store.ts';
import { findMember, insertMember, listMembers, type MemberStatus, removeMember, updateMember } from './store.ts';
import { memberView } from './view.ts';

const schema = '/v2/schemas/members';

function checkShared(image: Image): void {
  if (image.visibility !== 'shared') throw forbidden('Only shared images have members.');
}

const isOwners = ({ caller }: Pick<Call, 'caller'>, image: Image) =>
  isAdmin(caller) || image.owner === caller.projectId;

export const showMembers: Handler<Images> = async (images, call) => {
  const image = await findOwn(images, call);
  allow(call, 'get_members', image, call.caller.projectId);
  checkShared(image);
  const own = isOwners(call, image) ? undefined : (call.caller.projectId ?? '');
  return ok({ members: (await listMembers(images.db, image.id, own)).map(memberView), schema });
};

export const showMember: Handler<Images> = async (images, call) => {
  const { member = '' } = call.params;
  const image = await findOwn(images, call);
  allow(call, 'get_member', image, call.caller.projectId);
  const found = await findMember(images.db, image.id, member);
  if (!isOwners(call, image) && member !== call.caller.projectId) await findMember(images.db, image.id, '');
  return ok(memberView(found));
};

export const addMember: Handler<Images, { member?: string }> = async (images, call) => {
  const image = await findOwn(images, call);
  const memberId = call.body.member;
  if (memberId === undefined) throw badRequest('Member to be added not specified');
  if (memberId === '') throw badRequest("Member can't be empty");
  allow(call, 'add_member', image);
  checkShared(image);
  const now = Date.now();
  const member = { imageId: image.id, memberId, status: 'pending', createdAt: now, updatedAt: now } as const;
  await images.db.transaction(async (tx) => {
    await lockImage(tx, image.id); // nobody else counts meanwhile
    const count = (await listMembers(tx, image.id)).length + 1;
    if (count > images.config.members) throw tooMany('image members', count, images.config.members);
    await insertMember(tx, member);
  });
  return ok(memberView(member));
};

const statuses: readonly MemberStatus[] = ['pending', 'accepted', 'rejected'];

export const answerSharing: Handler<Images, { status?: MemberStatus }> = async (images, call) => {
  const image = await findOwn(images, call);
  const { status } = call.body;
  if (status === undefined) throw badRequest('Status not specified');
  if (!statuses.includes(status))
    throw badRequest('Incorrect request: Member status should be one of pending, accepted, rejected');
  const { member = '' } = call.params;
  checkShared(image);
  const found = await findMember(images.db, image.id, member);
  if (!isAdmin(call.caller) && found.memberId !== call.caller.projectId)
    throw forbidden(`Not allowed to update members for image ${image.id}.`);
  allow(call, 'modify_member', image, found.memberId);
  const changed = { ...found, status, updatedAt: Date.now() };
  await updateMember(images.db, changed);
  return ok(memberView(changed));
};

export const endSharing: Handler<Images> = async (images, call) => {
  const image = await findOwn(images, call);
  allow(call, 'delete_member', image);
  checkShared(image);
  await removeMember(images.db, await findMember(images.db, image.id, call.params.member ?? ''));
  return gone();
};
