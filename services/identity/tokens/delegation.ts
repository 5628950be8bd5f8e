/** What the caller's token was made from, where that limits what it may do here. */
import type { Caller } from '#shared/auth/caller.ts';
import { forbidden } from '#shared/errors/fault.ts';
import { applicationCredentials } from '../application-credentials/store.ts';
import type { Identity } from '../context.ts';
import { verifyOwnToken } from './verify.ts';

export interface Delegation {
  readonly kind: 'trust' | 'app' | 'oauth' | undefined;
  readonly id: string;
  /** The project the delegation is bound to. */
  readonly projectId: string | null;
  /** What an EC2 key made with this token carries on, so that it can do no more. */
  readonly marks: Readonly<Record<string, string>>;
}

const markNames = { trust: 'trust_id', app: 'app_cred_id', oauth: 'access_token_id' } as const;

/** For who looks; a restricted application credential may do no more than that. */
export async function delegationForRead(identity: Identity, caller: Caller): Promise<Delegation> {
  const { by = '' } = await verifyOwnToken(identity, caller.token);
  const [kind, id = ''] = by.split(':') as [Delegation['kind'] | '', string?];
  if (!kind) return { kind: undefined, id: '', projectId: null, marks: {} };
  return { kind, id, projectId: caller.projectId, marks: { [markNames[kind]]: id } };
}

/** For who makes, changes or removes something. */
export async function delegationForWrite(identity: Identity, caller: Caller): Promise<Delegation> {
  const bounds = await delegationForRead(identity, caller);
  if (bounds.kind === 'app') await refuseRestricted(identity, bounds.id);
  return bounds;
}

async function refuseRestricted({ db }: Identity, id: string): Promise<void> {
  const credential = await applicationCredentials.find(db, { id });
  if (!credential?.unrestricted)
    throw forbidden('A restricted application credential may not manage other credentials.');
}

/** A delegated token allowsProject nothing of another project. */
export function refuseOtherProject(delegation: Delegation, wanted: string | null): void {
  if (!allowsProject(delegation, wanted))
    throw forbidden('A token of a trust or an application credential counts for its own project only.');
}

export const allowsProject = ({ kind, projectId }: Delegation, wanted: string | null): boolean =>
  kind === undefined || wanted === projectId;

/** Trusts and the like are made by who proved to be the user, not by who was given a part of it. */
export async function refuseDelegated(identity: Identity, caller: Caller, what: string): Promise<void> {
  const { by } = await verifyOwnToken(identity, caller.token);
  if (by !== undefined) throw forbidden(`A delegated token may not ${what}.`);
}
