/** What the walk over the routes of placement needs: a fresh provider for each request, and bodies. */
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { PolicySettings } from '#shared/auth/policy-file.ts';
import { openPlacement } from '../../fakes/placement-api.ts';
import { apis } from '../services.ts';
import type { Walk } from './walk.ts';

const api = apis.find(({ name }) => name === 'placement') as Walk['api'];

/** Nothing but the usages of a project belongs to one. */
export async function placementWalk(t: TestContext, policySettings: PolicySettings = {}): Promise<Walk> {
  const { ask } = await openPlacement(t, policySettings);
  return {
    api,
    ask: ({ method, path, body, persona: { roles, project } }) =>
      ask(method, path, { body, roles: roles.join(','), project }),
    owned: [[/^get \/usages$/, async ({ project }) => ({ query: `?project_id=${project}` })]],
    params: { uuid: randomUUID() },
  };
}
