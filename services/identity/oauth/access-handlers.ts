/** Access tokens that a user has authorized. */
import { unauthorized } from '#shared/errors/fault.ts';
import { type Call, type Handler, noContent, ok } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { couldNotFind } from '../resources/store.ts';
import { listOf } from '../resources/view.ts';
import { role } from '../roles/resource.ts';
import { listRolesIn } from '../roles/store.ts';
import { refuseDelegated } from '../tokens/delegation.ts';
import { deleteAccessToken as drop } from './operations.ts';
import { type AccessToken, accessToken } from './resource.ts';

type One = Handler<Identity, unknown, 'id' | 'tokenId'>;
type OneCall = Call<unknown, 'id' | 'tokenId'>;

/** 403 for delegated tokens: they may not manage delegations. */
const refuse = (identity: Identity, { caller }: Pick<Call, 'caller'>) =>
  refuseDelegated(identity, caller, 'manage access tokens');

async function getAccessToken({ db }: Identity, { params }: Pick<OneCall, 'params'>): Promise<AccessToken> {
  const found = await accessToken.rows.find(db, { id: params.tokenId, userId: params.id });
  if (!found) throw couldNotFind('access token', params.tokenId);
  return found;
}

export const listAccessTokens: Handler<Identity, unknown, 'id'> = async (identity, call) => {
  await refuse(identity, call);
  const { id: userId } = call.params;
  const rows = await accessToken.rows.list(identity.db, { narrow: (query) => query.where({ userId }) });
  return listOf(call, accessToken, rows);
};

export const showAccessToken: One = async (identity, call) => {
  await refuse(identity, call);
  return ok({ access_token: accessToken.view(await getAccessToken(identity, call), call.base) });
};

export const deleteAccessToken: One = async (identity, call) => {
  await refuse(identity, call);
  const { id: userId, tokenId } = call.params;
  const found = await accessToken.rows.get(identity.db, tokenId);
  // as Keystone: 401 here, and 404 for reads
  if (found.userId !== userId) throw unauthorized('User IDs do not match');
  await drop(identity, found);
  return noContent();
};

export const listAccessTokenRoles: One = async (identity, call) => {
  const { roleIds } = await getAccessToken(identity, call);
  return listOf(call, role, await listRolesIn(identity.db, roleIds));
};

export const showAccessTokenRole: Handler<Identity, unknown, 'id' | 'tokenId' | 'roleId'> = async (identity, call) => {
  const { roleId } = call.params;
  const { roleIds } = await getAccessToken(identity, call);
  const found = roleIds.includes(roleId) ? await role.rows.find(identity.db, { id: roleId }) : undefined;
  if (!found) throw couldNotFind('role', roleId);
  return ok({ role: role.view(found, call.base) });
};
