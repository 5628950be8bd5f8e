import { badRequest, forbidden } from '#shared/errors/fault.ts';
import { checkedInHandler, type Handler } from '#shared/http/route.ts';
import type { Body } from '#shared/resource/body.ts';
import type { Identity } from '../context.ts';
import type { Operations } from '../resources/operations.ts';
import type { Change } from '../resources/resource.ts';
import { listOf } from '../resources/view.ts';
import { subjectOf } from '../subjects/authorized.ts';
import { allowsProject, delegationForRead, delegationForWrite, refuseOtherProject } from '../tokens/delegation.ts';
import { blobOf, type Credential, credentialId, ec2Blob, opened, sealedRow } from './operations.ts';
import { type CredentialRow, credential } from './resource.ts';

const target = (userId: string) => ({ 'target.credential.user_id': userId });

const view = ({ blob, ...row }: Credential, base: string) => ({
  ...credential.view({ ...row, sealedBlob: '', keyId: '' }, base),
  blob,
});

export const listCredentials: Handler<Identity> = async (identity, call) => {
  const delegation = await delegationForRead(identity, call.caller);
  const rows = await credential.rows.list(identity.db, {
    filters: call.queries,
    // who may list one of a foreign user may list all
    narrow: (query) => call.may('identity:list_credentials', target('')) || query.where({ userId: call.caller.userId }),
  });
  const own = rows.filter(
    (row) => allowsProject(delegation, row.projectId) && call.may('identity:list_credentials', target(row.userId)),
  );
  return listOf(
    call,
    { many: 'credentials', view },
    own.map((row) => opened(identity, row)),
  );
};

const ownedByOthers = ['trust_id', 'app_cred_id', 'access_token_id'] as const;

/** Owner, project, type and delegation of an EC2 credential cannot be changed by any caller. */
function refuseEscalation(before: Credential, change: Change<typeof credential>, blob: string): void {
  const isOther = (sent: unknown, value: unknown) => sent !== undefined && sent !== value;
  if (isOther(change.userId, before.userId)) throw forbidden('The user of a credential cannot be changed.');
  if (isOther(change.projectId, before.projectId) && before.type === 'ec2')
    throw forbidden('The project of an EC2 credential cannot be changed.');
  if (isOther(change.type, before.type) && [before.type, change.type].includes('ec2'))
    throw forbidden('The type of an EC2 credential cannot be changed.');
  if (before.type !== 'ec2') return;
  const [old, changed] = [ec2Blob(before.blob), ec2Blob(blob)];
  for (const key of ownedByOthers)
    if ((old[key] ?? null) !== (changed[key] ?? null))
      throw forbidden(`${key} of an EC2 credential cannot be changed.`);
}

const sentBlob = (body: Body | undefined): unknown => body?.blob;

export const credentialOperations: Operations<CredentialRow, typeof credential.attributes> = {
  subject: subjectOf(credential, ({ userId }) => target(userId)),
  list: { handler: listCredentials, rule: checkedInHandler('identity:list_credentials') },
  targetOfNew: ({ user_id: id }, { userId }) => target(typeof id === 'string' ? id : userId),
  create: async (identity, input, { caller, body }) => {
    const delegation = await delegationForWrite(identity, caller);
    const { projectId, type } = input;
    refuseOtherProject(delegation, projectId);
    const blob = blobOf(sentBlob(body.credential));
    if (type === 'ec2' && !projectId) throw badRequest('An EC2 credential needs a project_id.');
    const row: Credential = {
      ...input,
      id: credentialId(type, blob),
      userId: input.userId ?? caller.userId,
      blob: type === 'ec2' ? JSON.stringify({ ...ec2Blob(blob), ...delegation.ec2Fields }) : blob,
    };
    const sealed = sealedRow(identity, row);
    await identity.db.transaction((tx) => credential.rows.insert(tx, sealed));
    return sealed;
  },
  read: async (identity, { projectId }, { caller }) =>
    refuseOtherProject(await delegationForRead(identity, caller), projectId),
  update: async (identity, row, change, { caller, body }) => {
    const delegation = await delegationForWrite(identity, caller);
    refuseOtherProject(delegation, row.projectId);
    const before = opened(identity, row);
    const sent = sentBlob(body.credential);
    const blob = sent === undefined ? before.blob : blobOf(sent);
    refuseEscalation(before, change, blob);
    const changed = { ...before, ...change, blob };
    refuseOtherProject(delegation, changed.projectId);
    const sealed = sealedRow(identity, changed);
    await identity.db.transaction((tx) => credential.rows.update(tx, row.id, sealed));
    return sealed;
  },
  remove: async (identity, { id, projectId }, { caller }) => {
    refuseOtherProject(await delegationForWrite(identity, caller), projectId);
    await credential.rows.remove(identity.db, { id });
  },
  views: async (identity, rows, { base }) => rows.map((row) => view(opened(identity, row), base)),
};
