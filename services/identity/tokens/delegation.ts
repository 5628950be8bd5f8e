/** The trust, application credential or access token that the caller's token was made from, and the limits that follow. */
import type { Caller } from '#shared/auth/caller.ts';
import { forbidden } from '#shared/errors/fault.ts';
import { applicationCredential } from '../application-credentials/resource.ts';
import type { Identity } from '../context.ts';
import { verifyOwnToken } from './verify.ts';

export interface Delegation {
  readonly kind: 'trust' | 'app' | 'oauth' | undefined;
  readonly id: string;
  /** The project the delegation is bound to. */
  readonly projectId: string | null;
  /** Fields of an EC2 key that is made with this token, so that the key is limited in the same way. */
  readonly ec2Fields: Readonly<Record<string, string>>;
}

const ec2FieldNames = { trust: 'trust_id', app: 'app_cred_id', oauth: 'access_token_id' } as const;

/** For reads. A restricted application credential may read only. */
export async function delegationForRead(identity: Identity, caller: Caller): Promise<Delegation> {
  const { by = '' } = await verifyOwnToken(identity, caller.token);
  const [kind, id = ''] = by.split(':') as [Delegation['kind'] | '', string?];
  if (!kind) return { kind: undefined, id: '', projectId: null, ec2Fields: {} };
  return { kind, id, projectId: caller.projectId, ec2Fields: { [ec2FieldNames[kind]]: id } };
}

/** For writes: 403 for a restricted application credential. */
export async function delegationForWrite(identity: Identity, caller: Caller): Promise<Delegation> {
  const delegation = await delegationForRead(identity, caller);
  if (delegation.kind === 'app') await refuseRestricted(identity, delegation.id);
  return delegation;
}

async function refuseRestricted({ db }: Identity, id: string): Promise<void> {
  const credential = await applicationCredential.rows.find(db, { id });
  if (!credential?.unrestricted)
    throw forbidden('A restricted application credential may not manage other credentials.');
}

/** 403 where a delegated token is used on another project than its own. */
export function refuseOtherProject(delegation: Delegation, projectId: string | null): void {
  if (!allowsProject(delegation, projectId))
    throw forbidden('A token of a trust or an application credential counts for its own project only.');
}

export const allowsProject = ({ kind, projectId: own }: Delegation, projectId: string | null): boolean =>
  kind === undefined || projectId === own;

/** 403 for every delegated token: trusts and authorizations are made by the user, not by a delegate. */
export async function refuseDelegated(identity: Identity, caller: Caller, what: string): Promise<void> {
  const { by } = await verifyOwnToken(identity, caller.token);
  if (by !== undefined) throw forbidden(`A delegated token may not ${what}.`);
}
