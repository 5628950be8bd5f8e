import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { created, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { extraOf } from '../projects/operations.ts';
import { authorizedOn } from '../subjects/authorized.ts';
import { orNotFound } from '../subjects/subjects.ts';
import { allowsProject, delegationForRead, delegationForWrite, refuseOtherProject } from '../tokens/delegation.ts';
import { type Credential, credentialId, ec2Blob, opened, sealedRow } from './operations.ts';
import { type CredentialRow, credentialRows } from './store.ts';

interface CredentialInput {
  readonly user_id?: string;
  readonly project_id?: string | null;
  readonly type?: string;
  readonly blob?: unknown;
  readonly [extra: string]: unknown;
}

const fields = new Set(['id', 'user_id', 'project_id', 'type', 'blob', 'links']);
const target = ({ userId }: Pick<Credential, 'userId'>) => ({ 'target.credential.user_id': userId });

const view = ({ id, userId, projectId, type, blob, extra }: Credential, base: string) => ({
  ...extra,
  id,
  user_id: userId,
  project_id: projectId,
  type,
  blob,
  links: { self: `${base}/v3/credentials/${id}` },
});

export const listCredentials: Handler<Identity> = async (identity, call) => {
  const delegation = await delegationForRead(identity, call.caller);
  const rows = await credentialRows.list(identity.db, call.queries);
  const own = rows.filter(
    (row) => allowsProject(delegation, row.projectId) && call.may('identity:list_credentials', target(row)),
  );
  return ok(
    collection(
      call,
      'credentials',
      own.map((row) => view(opened(identity, row), call.base)),
    ),
  );
};

export const createCredential: Handler<Identity, { credential: CredentialInput }> = async (identity, call) => {
  const { credential: input } = call.body;
  const userId = input.user_id ?? call.caller.userId;
  call.authorize('identity:create_credential', target({ userId }));
  const delegation = await delegationForWrite(identity, call.caller);
  refuseOtherProject(delegation, input.project_id ?? null);
  const type = input.type ?? '';
  const blob = typeof input.blob === 'string' ? input.blob : JSON.stringify(input.blob);
  if (type === 'ec2' && !input.project_id) throw badRequest('An EC2 credential needs a project_id.');
  const credential: Credential = {
    id: credentialId(type, blob),
    userId,
    projectId: input.project_id ?? null,
    type,
    blob: type === 'ec2' ? JSON.stringify({ ...ec2Blob(blob), ...delegation.ec2Fields }) : blob,
    extra: extraOf(input, fields),
  };
  await identity.db.transaction((tx) => credentialRows.insert(tx, sealedRow(identity, credential)));
  return created({ credential: view(credential, call.base) });
};

const onCredential = authorizedOn<CredentialRow | undefined, CredentialRow>({
  find: ({ db }, { id = '' }) => credentialRows.find(db, { id }),
  target: (row) => (row ? target(row) : {}),
  require: (row, { id }) => orNotFound('credential', row, id),
});

export const showCredential = onCredential('identity:get_credential', async (identity, call, row) => {
  refuseOtherProject(await delegationForRead(identity, call.caller), row.projectId);
  return ok({ credential: view(opened(identity, row), call.base) });
});

const ownedByOthers = ['trust_id', 'app_cred_id', 'access_token_id'] as const;

/** Owner, project, type and delegation of an EC2 credential cannot be changed by any caller. */
function refuseEscalation(credential: Credential, input: CredentialInput, changed: Credential): void {
  const isOther = (given: unknown, before: unknown) => given !== undefined && (given ?? null) !== before;
  if (isOther(input.user_id, credential.userId)) throw forbidden('The user of a credential cannot be changed.');
  if (isOther(input.project_id, credential.projectId) && credential.type === 'ec2')
    throw forbidden('The project of an EC2 credential cannot be changed.');
  if (isOther(input.type, credential.type) && [credential.type, input.type].includes('ec2'))
    throw forbidden('The type of an EC2 credential cannot be changed.');
  if (credential.type !== 'ec2') return;
  const [before, after] = [ec2Blob(credential.blob), ec2Blob(changed.blob)];
  for (const key of ownedByOthers)
    if ((before[key] ?? null) !== (after[key] ?? null))
      throw forbidden(`${key} of an EC2 credential cannot be changed.`);
}

type Change = { readonly credential: CredentialInput };

export const updateCredential = onCredential<Change>('identity:update_credential', async (identity, call, row) => {
  const delegation = await delegationForWrite(identity, call.caller);
  refuseOtherProject(delegation, row.projectId);
  const credential = opened(identity, row);
  const { credential: input } = call.body;
  const changed = {
    ...credential,
    ...(input.project_id === undefined ? {} : { projectId: input.project_id }),
    ...(input.type === undefined ? {} : { type: input.type }),
    ...(input.blob === undefined
      ? {}
      : { blob: typeof input.blob === 'string' ? input.blob : JSON.stringify(input.blob) }),
    extra: { ...credential.extra, ...extraOf(input, fields) },
  };
  refuseEscalation(credential, input, changed);
  refuseOtherProject(delegation, changed.projectId);
  await identity.db.transaction((tx) => credentialRows.update(tx, credential.id, sealedRow(identity, changed)));
  return ok({ credential: view(changed, call.base) });
});

export const deleteCredential = onCredential(
  'identity:delete_credential',
  async (identity, call, { id, projectId }) => {
    refuseOtherProject(await delegationForWrite(identity, call.caller), projectId);
    await credentialRows.remove(identity.db, { id });
    return gone();
  },
);
