/** Users with an application credential or a trust. */
import { type IdentityWorld, one } from '../../fakes/identity.ts';

export async function appCredential(world: IdentityWorld, options: object, name = 'ann') {
  const ann = await world.person(name, ['member']);
  const path = `/users/${ann.id}/application_credentials`;
  const body = { application_credential: { name: 'one', ...options } };
  const made = one(await world.ask('POST', path, { token: ann.token, body }), 'application_credential');
  const by = (more: object = {}, scope?: unknown) =>
    world.ask('POST', '/auth/tokens', {
      body: {
        auth: {
          identity: {
            methods: ['application_credential'],
            application_credential: { id: made.id, secret: made.secret, ...more },
          },
          ...(scope ? { scope } : {}),
        },
      },
    });
  const { token } = await by();
  return { ann, made, token, by, path };
}

export async function trusted(world: IdentityWorld, impersonation: boolean, names = ['ann', 'bob']) {
  const [trustor = '', trustee = ''] = names;
  const [ann, bob] = [await world.person(trustor, ['member']), await world.person(trustee, ['member'])];
  const trust = {
    trustor_user_id: ann.id,
    trustee_user_id: bob.id,
    impersonation,
    project_id: ann.projectId,
    roles: [{ name: 'reader' }],
  };
  const made = one(await world.ask('POST', '/OS-TRUST/trusts', { token: ann.token, body: { trust } }), 'trust');
  const use = () => world.logIn({ id: bob.id, password: bob.password }, { 'OS-TRUST:trust': { id: made.id } });
  return { ann, bob, made, use };
}
