/** Members of shared images. The owner adds a project; that project accepts or rejects. */
import { projectOf } from '#shared/auth/caller.ts';
import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { type Call, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Images } from '../context.ts';
import { tooMany } from '../images/attributes.ts';
import { enforce, getImageFor, getRequestedImage } from '../images/handlers.ts';
import { type Image, lockImage } from '../images/store.ts';
import {
  getMember,
  insertMember,
  listMembers as listRows,
  type MemberStatus,
  memberNotFound,
  memberStatuses,
  removeMember,
  updateMember,
} from './store.ts';
import { memberView } from './view.ts';

const schema = '/v2/schemas/members';

function checkShared(image: Image): void {
  if (image.visibility !== 'shared') throw forbidden('Only shared images have members.');
}

const isOwnerOrAdmin = ({ caller, may }: Pick<Call, 'caller' | 'may'>, image: Image) =>
  may('context_is_admin') || image.owner === caller.projectId;

export const listMembers: Handler<Images> = async (images, call) => {
  const image = await getImageFor(images, call, 'get_members', call.caller.projectId);
  checkShared(image);
  const own = isOwnerOrAdmin(call, image) ? undefined : projectOf(call.caller);
  return ok({ members: (await listRows(images.db, image.id, own)).map(memberView), schema });
};

export const showMember: Handler<Images, unknown, 'id' | 'member'> = async (images, call) => {
  const { member } = call.params;
  const image = await getImageFor(images, call, 'get_member', call.caller.projectId);
  if (!isOwnerOrAdmin(call, image) && member !== call.caller.projectId) throw memberNotFound(image.id, member);
  return ok(memberView(await getMember(images.db, image.id, member)));
};

export const addMember: Handler<Images, { member?: string }> = async (images, call) => {
  const image = await getRequestedImage(images, call);
  const memberId = call.body.member;
  if (memberId === undefined) throw badRequest('Member to be added not specified');
  if (memberId === '') throw badRequest("Member can't be empty");
  enforce(call, 'add_member', image);
  checkShared(image);
  const now = Date.now();
  const member = { imageId: image.id, memberId, status: 'pending', createdAt: now, updatedAt: now } as const;
  await images.db.transaction(async (tx) => {
    await lockImage(tx, image.id); // serializes the count
    const count = (await listRows(tx, image.id)).length + 1;
    if (count > images.config.members) throw tooMany('image members', count, images.config.members);
    await insertMember(tx, member);
  });
  return ok(memberView(member));
};

export const setMemberStatus: Handler<Images, { status?: MemberStatus }, 'id' | 'member'> = async (images, call) => {
  const image = await getRequestedImage(images, call);
  const { status } = call.body;
  if (status === undefined) throw badRequest('Status not specified');
  if (!memberStatuses.includes(status))
    throw badRequest('Incorrect request: Member status should be one of pending, accepted, rejected');
  const { member } = call.params;
  checkShared(image);
  const found = await getMember(images.db, image.id, member);
  if (!call.may('context_is_admin') && found.memberId !== call.caller.projectId)
    throw forbidden(`Not allowed to update members for image ${image.id}.`);
  enforce(call, 'modify_member', image, found.memberId);
  const changed = { ...found, status, updatedAt: Date.now() };
  await updateMember(images.db, changed);
  return ok(memberView(changed));
};

export const deleteMember: Handler<Images, unknown, 'id' | 'member'> = async (images, call) => {
  const image = await getImageFor(images, call, 'delete_member');
  checkShared(image);
  await removeMember(images.db, await getMember(images.db, image.id, call.params.member));
  return noContent();
};
