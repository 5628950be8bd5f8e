/** EC2 keys: credentials of the type ec2, by another path and in other words. */
import { randomBytes } from 'node:crypto';
import { forbidden } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { findUser } from '../directories/people.ts';
import { absent, findProject } from '../projects/store.ts';
import { boundsOf, delegationOf, reaches, refuseOtherProject } from '../tokens/delegation.ts';
import { type Credential, ec2Blob, idOfAccess, opened, sealedRow } from './operations.ts';
import { credentialRows } from './store.ts';

const target = (userId: string) => ({ user_id: userId, 'target.credential.user_id': userId });

const view = ({ userId, projectId, blob }: Credential, base: string) => {
  const { access, secret, trust_id: trust = null } = ec2Blob(blob);
  const self = `${base}/v3/users/${userId}/credentials/OS-EC2/${access}`;
  return { access, secret, user_id: userId, tenant_id: projectId, trust_id: trust, links: { self } };
};

export const createEc2: Handler<Identity, { tenant_id: string }> = async (identity, call) => {
  const { id: userId } = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:ec2_create_credential', target(userId));
  const project = await findProject(identity.db, call.body.tenant_id);
  const delegation = await delegationOf(identity, call.who);
  refuseOtherProject(delegation, project.id);
  const [access, secret] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const credential: Credential = {
    id: idOfAccess(access),
    userId,
    projectId: project.id,
    type: 'ec2',
    blob: JSON.stringify({ access, secret, ...delegation.marks }),
    extra: {},
  };
  await identity.db.transaction((tx) => credentialRows.insert(tx, sealedRow(identity, credential)));
  return created({ credential: view(credential, call.base) });
};

export const listEc2: Handler<Identity> = async (identity, call) => {
  const { id: userId } = await findUser(identity, call.params.id ?? '');
  call.authorize('identity:ec2_list_credentials', target(userId));
  const bounds = await boundsOf(identity, call.who);
  const all = await credentialRows.listWhere(identity.db, { userId, type: 'ec2' });
  const rows = all.filter((row) => reaches(bounds, row.projectId));
  return ok(
    collection(
      call,
      'credentials',
      rows.map((row) => view(opened(identity, row), call.base)),
    ),
  );
};

async function found(
  identity: Identity,
  call: Call<never>,
  rule: string,
  bounds: typeof boundsOf,
): Promise<Credential> {
  const { id = '', access = '' } = call.params;
  await findUser(identity, id);
  const row = await credentialRows.look(identity.db, { id: idOfAccess(access) });
  if (!row) {
    call.authorize(rule, target(id));
    throw absent('credential', access);
  }
  call.authorize(rule, target(row.userId));
  if (row.userId !== id) throw forbidden('The credential belongs to another user.');
  refuseOtherProject(await bounds(identity, call.who), row.projectId);
  return opened(identity, row);
}

export const showEc2: Handler<Identity> = async (identity, call) =>
  ok({ credential: view(await found(identity, call, 'identity:ec2_get_credential', boundsOf), call.base) });

export const deleteEc2: Handler<Identity> = async (identity, call) => {
  const { id } = await found(identity, call, 'identity:ec2_delete_credential', delegationOf);
  await credentialRows.remove(identity.db, { id });
  return gone();
};
