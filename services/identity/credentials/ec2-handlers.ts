/** EC2 keys: credentials of the type ec2, under another path and with other field names. */
import { randomBytes } from 'node:crypto';
import { created, noContent, ok } from '#shared/http/route.ts';
import { getProject } from '../projects/store.ts';
import { listOf } from '../resources/view.ts';
import { authorized, authorizedOn, orNotFound, type Subject } from '../subjects/authorized.ts';
import { userSubject } from '../subjects/subjects.ts';
import { allowsProject, delegationForRead, delegationForWrite, refuseOtherProject } from '../tokens/delegation.ts';
import type { User } from '../users/resource.ts';
import { type Credential, ec2Blob, idOfAccess, opened, sealedRow } from './operations.ts';
import { type CredentialRow, credential } from './resource.ts';

/** The owner of the keys, from the path. */
const onOwner = authorizedOn<User | undefined, User>({
  ...userSubject,
  target: (_user, { id }) => ({ user_id: id, 'target.credential.user_id': id }),
});

const view = ({ userId, projectId, blob }: Credential, base: string) => {
  const { access, secret, trust_id: trust = null } = ec2Blob(blob);
  const self = `${base}/v3/users/${userId}/credentials/OS-EC2/${access}`;
  return { access, secret, user_id: userId, tenant_id: projectId, trust_id: trust, links: { self } };
};

type NewKey = { readonly tenant_id: string };

export const createEc2 = onOwner<NewKey>('identity:ec2_create_credential', async (identity, call, { id: userId }) => {
  const project = await getProject(identity.db, call.body.tenant_id);
  const delegation = await delegationForWrite(identity, call.caller);
  refuseOtherProject(delegation, project.id);
  const [access, secret] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const key: Credential = {
    id: idOfAccess(access),
    userId,
    projectId: project.id,
    type: 'ec2',
    blob: JSON.stringify({ access, secret, ...delegation.ec2Fields }),
    extra: {},
  };
  await identity.db.transaction((tx) => credential.rows.insert(tx, sealedRow(identity, key)));
  return created({ credential: view(key, call.base) });
});

export const listEc2 = onOwner('identity:ec2_list_credentials', async (identity, call, { id: userId }) => {
  const delegation = await delegationForRead(identity, call.caller);
  const all = await credential.rows.where(identity.db, { userId, type: 'ec2' });
  const rows = all.filter((row) => allowsProject(delegation, row.projectId));
  return listOf(
    call,
    { many: 'credentials', view },
    rows.map((row) => opened(identity, row)),
  );
});

/** The rule's target is the owner of the key, whichever user the path names. Keystone does not hide access ids. */
const subject: Subject<CredentialRow | undefined, CredentialRow> = {
  find: ({ db }, { access = '' }) => credential.rows.find(db, { id: idOfAccess(access), type: 'ec2' }),
  target: (row) => (row ? { user_id: row.userId, 'target.credential.user_id': row.userId } : {}),
  require: (row, { access }) => orNotFound('credential', row, access),
};
const onKey = (rule: `identity:ec2_${string}`) => ({ subject, rule, notFoundFirst: true });

export const showEc2 = authorized(onKey('identity:ec2_get_credential'), async (identity, call, row) => {
  refuseOtherProject(await delegationForRead(identity, call.caller), row.projectId);
  return ok({ credential: view(opened(identity, row), call.base) });
});

export const deleteEc2 = authorized(onKey('identity:ec2_delete_credential'), async (identity, call, row) => {
  refuseOtherProject(await delegationForWrite(identity, call.caller), row.projectId);
  await credential.rows.remove(identity.db, { id: row.id });
  return noContent();
});
