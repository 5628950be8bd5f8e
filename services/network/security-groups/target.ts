import type { Caller } from '#shared/auth/caller.ts';
import type { Network } from '../context.ts';
import { groupRows, type SecurityGroup } from './resource.ts';

interface OfGroup {
  readonly groupId: string;
}

const groupTarget = (group: Pick<SecurityGroup, 'projectId'> | undefined) => ({
  'security_group:project_id': group?.projectId,
});

/** The targets of a rule, which is part of a group. */
export const ofGroup = {
  target: async ({ db }: Network, _caller: Caller, { groupId }: OfGroup) =>
    groupTarget(await groupRows.get(db, groupId)),
  targetOfNew: async ({ db }: Network, caller: Caller, { groupId }: OfGroup) =>
    groupTarget(await groupRows.find(db, caller, groupId)),
  targetOfRead: ({ projectId }: Caller) => groupTarget({ projectId: projectId ?? '' }),
};
