/** Requests shared by the tests of advisories. */
import { type IdentityAnswer, type IdentityWorld, many } from '../../fakes/identity.ts';

export const isGood = async ({ ask }: IdentityWorld, token: string) =>
  (await ask('GET', '/auth/tokens', { token, headers: { 'x-subject-token': token } })).status === 200;

export const rescope = ({ ask }: IdentityWorld, token: string, scope: unknown): Promise<IdentityAnswer> =>
  ask('POST', '/auth/tokens', { body: { auth: { identity: { methods: ['token'], token: { id: token } }, scope } } });

export const roleNamed = async ({ ask, admin }: IdentityWorld, name: string) =>
  many(await ask('GET', `/roles?name=${name}`, { token: await admin() }), 'roles')[0]?.id ?? '';
