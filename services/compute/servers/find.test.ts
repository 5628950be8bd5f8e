import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enforcerOf } from '#shared/auth/policy.ts';
import { anonymous } from '#shared/http/route.ts';
import { imageId, projectId, startCloud } from '../../../test/fakes/compute-cloud.ts';
import { policy } from '../policy.ts';
import { serverOf } from './find.ts';

test('the rule of a route is asked with the server that its path names: an operator can let in its creator only', async (t) => {
  const cloud = await startCloud(t);
  const { body } = await cloud.launch({ imageRef: imageId });
  const stop = 'os_compute_api:servers:stop';
  const found = async (userId: string, roles = ['member']) => {
    const enforcer = enforcerOf({ ...policy, rules: { ...policy.rules, [stop]: 'user_id:%(user_id)s' } });
    const caller = { ...anonymous('r'), userId, projectId, roles, policy: enforcer };
    const call = {
      caller,
      params: { id: body.server.id },
      rule: stop,
      may: (rule: string) => enforcer.may(rule, caller),
      authorize: (rule: string, target?: object) => enforcer.authorize(rule, caller, { ...target }),
    };
    return serverOf(cloud.compute, call).then(
      ({ id }) => id,
      ({ status }) => status,
    );
  };
  const { userId } = (await cloud.compute.db('servers').where({ id: body.server.id }).first()) as { userId: string };
  assert.equal(await found(userId), body.server.id);
  assert.equal(await found('somebody-else'), 403);
});
