import { randomUUID } from 'node:crypto';
import type { Caller } from '#shared/auth/caller.ts';
import { may } from '#shared/auth/policy.ts';
import type { Query } from '#shared/db/page.ts';
import { badRequest, conflict, notFound } from '#shared/errors/fault.ts';
import type { Volumes } from '../context.ts';
import { groupRows } from '../groups/resource.ts';
import { type GroupType, type GroupTypeChange, groupTypeRows, type NewGroupType } from './resource.ts';

/** A private type is for administrators: Cinder's API lets in no project. */
export const visibleTo =
  (caller: Caller) =>
  (query: Query): void => {
    if (!may(caller, 'context_is_admin')) query.where({ isPublic: true });
  };

export async function getGroupType({ db }: Volumes, caller: Caller, word: string): Promise<GroupType> {
  const found = (await groupTypeRows.find(db, { id: word })) ?? (await groupTypeRows.find(db, { name: word }));
  if (!found || !(found.isPublic || may(caller, 'context_is_admin'))) throw notFound('Group type', word);
  return found;
}

export async function createGroupType({ db }: Volumes, input: NewGroupType): Promise<GroupType> {
  const type = { ...input, id: randomUUID(), name: nameOf(input.name ?? ''), createdAt: Date.now() };
  await db.transaction(async (tx) => {
    await refuseTaken(tx, type);
    await groupTypeRows.insert(tx, type);
  });
  return type;
}

export async function updateGroupType({ db }: Volumes, type: GroupType, input: GroupTypeChange): Promise<GroupType> {
  if (Object.keys(input).length === 0)
    throw badRequest('Specify group type name, description or is_public, or a combination thereof.');
  const change = input.name === undefined ? input : { ...input, name: nameOf(input.name) };
  await db.transaction(async (tx) => {
    await refuseTaken(tx, { ...type, ...change });
    await groupTypeRows.update(tx, { id: type.id }, change);
  });
  return { ...type, ...change };
}

async function refuseTaken(tx: Volumes['db'], { id, name }: Pick<GroupType, 'id' | 'name'>): Promise<void> {
  const other = await groupTypeRows.find(tx, { name });
  if (other && other.id !== id) throw conflict(`Group Type ${name} already exists.`);
}

function nameOf(text: string): string {
  const name = text.trim();
  if (name === '') throw badRequest('Group type name can not be empty.');
  return name;
}

export async function deleteGroupType({ db }: Volumes, { id }: GroupType): Promise<void> {
  await db.transaction(async (tx) => {
    await groupTypeRows.lock(tx, id);
    if (await groupRows.find(tx, { groupTypeId: id })) throw badRequest('Target group type is still in use.');
    await groupTypeRows.remove(tx, { id });
  });
}
