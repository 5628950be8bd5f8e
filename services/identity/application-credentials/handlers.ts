import { forbidden } from '#shared/errors/fault.ts';
import { created, noContent, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { collection, listOf } from '../resources/view.ts';
import { grantedRoleView } from '../roles/resource.ts';
import { listRolesIn } from '../roles/store.ts';
import { authorizedOn, orNotFound } from '../subjects/authorized.ts';
import { delegationForWrite } from '../tokens/delegation.ts';
import {
  type CredentialInput,
  createCredential as create,
  deleteRule,
  deleteCredential as drop,
  rulesOf,
} from './operations.ts';
import { type AccessRule, type ApplicationCredential, accessRule, applicationCredential } from './resource.ts';

const target = (userId: string) => ({ user_id: userId, 'target.user.id': userId });

/** The user of the path, who need not exist: only their own resources are reached. */
const onOwner = authorizedOn<string, string>({
  find: async (_identity, { id = '' }) => id,
  target,
  require: (id) => id,
});

async function credentialView(identity: Identity, row: ApplicationCredential, base: string) {
  const roles = await listRolesIn(identity.db, row.roleIds);
  const rules = await rulesOf(identity, row);
  return {
    ...applicationCredential.view(row, base),
    roles: roles.map((each) => {
      const { links: _, ...view } = grantedRoleView(each, base);
      return view;
    }),
    ...(rules ? { access_rules: rules.map(({ userId: _, ...rule }) => rule) } : {}),
  };
}

type NewCredential = { readonly application_credential: CredentialInput };

export const createCredential = onOwner<NewCredential>(
  'identity:create_application_credential',
  async (identity, call, userId) => {
    const { kind } = await delegationForWrite(identity, call.caller);
    if (kind === 'trust' || kind === 'oauth')
      throw forbidden('A token of a trust or of an access token may not make application credentials.');
    const { projectId, roles } = call.caller;
    if (projectId === null) throw forbidden('An application credential is made with a token of a project.');
    const { credential, secret } = await create(
      identity,
      { userId, projectId, ...(kind === 'app' ? { roles } : {}) },
      call.body.application_credential,
    );
    return created({ application_credential: { ...(await credentialView(identity, credential, call.base)), secret } });
  },
);

export const listCredentials = onOwner('identity:list_application_credentials', async (identity, call, userId) => {
  const rows = await applicationCredential.rows.list(identity.db, {
    filters: call.queries,
    narrow: (query) => query.where({ userId }),
  });
  const views = await Promise.all(rows.map((each) => credentialView(identity, each, call.base)));
  return ok(collection(call, 'application_credentials', views));
});

/** The rule's target is the owner of the credential; for an unknown one, the user of the path. */
const onCredential = authorizedOn<ApplicationCredential | undefined, ApplicationCredential>({
  find: ({ db }, { credentialId = '' }) => applicationCredential.rows.find(db, { id: credentialId }),
  target: (credential, { id = '' }) => target(credential?.userId ?? id),
  require: (credential, { credentialId }) => orNotFound('application credential', credential, credentialId),
});

export const showCredential = onCredential('identity:get_application_credential', async (identity, call, credential) =>
  ok({ application_credential: await credentialView(identity, credential, call.base) }),
);

export const deleteCredential = onCredential(
  'identity:delete_application_credential',
  async (identity, call, credential) => {
    await delegationForWrite(identity, call.caller);
    await drop(identity, credential);
    return noContent();
  },
);

export const listRules = onOwner('identity:list_access_rules', async ({ db }, call, userId) => {
  const rows = await accessRule.rows.list(db, { filters: call.queries, narrow: (query) => query.where({ userId }) });
  return listOf(call, accessRule, rows);
});

/** Only rules of the user of the path are found. */
const onRule = authorizedOn<AccessRule | undefined, AccessRule>({
  find: ({ db }, { id: userId = '', ruleId = '' }) => accessRule.rows.find(db, { id: ruleId, userId }),
  target: (_rule, { id = '' }) => target(id),
  require: (rule, { ruleId }) => orNotFound('access rule', rule, ruleId),
});

export const showRule = onRule('identity:get_access_rule', async (_identity, call, rule) =>
  ok({ access_rule: accessRule.view(rule, call.base) }),
);

export const dropRule = onRule('identity:delete_access_rule', async (identity, call, rule) => {
  await delegationForWrite(identity, call.caller);
  await deleteRule(identity, rule);
  return noContent();
});
