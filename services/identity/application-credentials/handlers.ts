import { forbidden } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { absent } from '../projects/store.ts';
import { listAllRoles } from '../roles/store.ts';
import { delegationOf } from '../tokens/delegation.ts';
import {
  type CredentialWish,
  createCredential as create,
  deleteRule,
  deleteCredential as drop,
  rulesOf,
} from './operations.ts';
import { type AccessRule, type ApplicationCredential, accessRules, applicationCredentials } from './store.ts';
import { credentialView, linkedRule } from './view.ts';

const target = (userId: string) => ({ user_id: userId, 'target.user.id': userId });

async function shown(identity: Identity, credential: ApplicationCredential, base: string) {
  const rules = await rulesOf(identity, credential);
  return credentialView(credential, { roles: await listAllRoles(identity.db), rules, base });
}

export const createCredential: Handler<Identity, { application_credential: CredentialWish }> = async (
  identity,
  call,
) => {
  const userId = call.params.id ?? '';
  call.authorize('identity:create_application_credential', target(userId));
  const { kind } = await delegationOf(identity, call.who);
  if (kind === 'trust' || kind === 'oauth')
    throw forbidden('A token of a trust or of an access token may not make application credentials.');
  const { projectId } = call.who;
  if (projectId === null) throw forbidden('An application credential is made with a token of a project.');
  const { credential, secret } = await create(identity, { userId, projectId }, call.body.application_credential);
  return created({ application_credential: { ...(await shown(identity, credential, call.base)), secret } });
};

export const listCredentials: Handler<Identity> = async (identity, call) => {
  const userId = call.params.id ?? '';
  call.authorize('identity:list_application_credentials', target(userId));
  const found = await applicationCredentials.list(identity.db, call.queries);
  const own = found.filter((each) => each.userId === userId);
  const views = await Promise.all(own.map((each) => shown(identity, each, call.base)));
  return ok(collection(call, 'application_credentials', views));
};

/** Another user's is not there. */
async function found(identity: Identity, call: Call<never>, rule: string): Promise<ApplicationCredential> {
  const { id: userId = '', credentialId = '' } = call.params;
  call.authorize(rule, target(userId));
  const credential = await applicationCredentials.look(identity.db, { id: credentialId, userId });
  if (!credential) throw absent('application credential', credentialId);
  return credential;
}

export const showCredential: Handler<Identity> = async (identity, call) => {
  const credential = await found(identity, call, 'identity:get_application_credential');
  return ok({ application_credential: await shown(identity, credential, call.base) });
};

export const deleteCredential: Handler<Identity> = async (identity, call) => {
  const credential = await found(identity, call, 'identity:delete_application_credential');
  await delegationOf(identity, call.who);
  await drop(identity, credential);
  return gone();
};

export const listRules: Handler<Identity> = async ({ db }, call) => {
  const userId = call.params.id ?? '';
  call.authorize('identity:list_access_rules', target(userId));
  const own = (await accessRules.list(db, call.queries)).filter((rule) => rule.userId === userId);
  return ok(
    collection(
      call,
      'access_rules',
      own.map((rule) => linkedRule(rule, call.base)),
    ),
  );
};

async function foundRule({ db }: Identity, call: Call<never>, rule: string): Promise<AccessRule> {
  const { id: userId = '', ruleId = '' } = call.params;
  call.authorize(rule, target(userId));
  const known = await accessRules.look(db, { id: ruleId, userId });
  if (!known) throw absent('access rule', ruleId);
  return known;
}

export const showRule: Handler<Identity> = async (identity, call) =>
  ok({ access_rule: linkedRule(await foundRule(identity, call, 'identity:get_access_rule'), call.base) });

export const dropRule: Handler<Identity> = async (identity, call) => {
  const rule = await foundRule(identity, call, 'identity:delete_access_rule');
  await delegationOf(identity, call.who);
  await deleteRule(identity, rule);
  return gone();
};
