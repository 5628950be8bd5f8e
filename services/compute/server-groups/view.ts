import { since, view } from '#shared/api/versions.ts';
import type { ServerGroup } from './store.ts';

interface GroupViewInput {
  readonly group: ServerGroup;
  readonly members: readonly string[];
}

export const groupView = view<GroupViewInput>(
  since('2.1', ({ group: { id, name, policy }, members }) => ({ id, name, policies: [policy], members, metadata: {} })),
  since('2.13', ({ group: { projectId, userId } }) => ({ project_id: projectId, user_id: userId })),
  since('2.64', ({ group: { policy, rules } }) => ({ policies: undefined, metadata: undefined, policy, rules })),
);
