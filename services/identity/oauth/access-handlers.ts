/** Access tokens that a user has authorized. */
import { unauthorized } from '#shared/errors/fault.ts';
import { type Call, gone, type Handler, ok } from '#shared/http/route.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { couldNotFind } from '../projects/store.ts';
import { listAllRoles, type Role } from '../roles/store.ts';
import { roleView } from '../roles/view.ts';
import { refuseDelegated } from '../tokens/delegation.ts';
import { formatTimestamp } from '../tokens/timestamps.ts';
import { deleteAccessToken as drop } from './operations.ts';
import { type AccessToken, accessTokens } from './store.ts';

function view({ id, consumerId, userId, projectId, expiresAt }: AccessToken, base: string) {
  const self = `${base}/v3/users/${userId}/OS-OAUTH1/access_tokens/${id}`;
  return {
    id,
    consumer_id: consumerId,
    authorizing_user_id: userId,
    project_id: projectId,
    expires_at: expiresAt === null ? null : formatTimestamp(expiresAt),
    links: { self, roles: `${self}/roles` },
  };
}

/** 403 for delegated tokens: they may not manage delegations. */
const refuse = (identity: Identity, { caller }: Pick<Call, 'caller'>) =>
  refuseDelegated(identity, caller, 'manage access tokens');

async function getAccessToken({ db }: Identity, { params }: Call<unknown, 'id' | 'tokenId'>): Promise<AccessToken> {
  const { id: userId, tokenId } = params;
  const token = await accessTokens.find(db, { id: tokenId, userId });
  if (!token) throw couldNotFind('access token', tokenId);
  return token;
}

export const listAccessTokens: Handler<Identity, unknown, 'id'> = async (identity, call) => {
  await refuse(identity, call);
  const own = await accessTokens.listWhere(identity.db, { userId: call.params.id });
  const views = own.map((each) => view(each, call.base));
  return ok(collection(call, 'access_tokens', views));
};

export const showAccessToken: Handler<Identity> = async (identity, call) => {
  await refuse(identity, call);
  return ok({ access_token: view(await getAccessToken(identity, call), call.base) });
};

export const deleteAccessToken: Handler<Identity, unknown, 'id' | 'tokenId'> = async (identity, call) => {
  await refuse(identity, call);
  const { id: userId, tokenId } = call.params;
  const token = await accessTokens.get(identity.db, tokenId);
  // as Keystone: 401 here, and 404 for reads
  if (token.userId !== userId) throw unauthorized('User IDs do not match');
  await drop(identity, token);
  return gone();
};

const rolesOf = async ({ db }: Identity, { roleIds }: AccessToken): Promise<Role[]> =>
  (await listAllRoles(db)).filter(({ id }) => roleIds.includes(id));

export const listAccessTokenRoles: Handler<Identity> = async (identity, call) => {
  const roles = await rolesOf(identity, await getAccessToken(identity, call));
  const views = roles.map((role) => roleView(role, call.base));
  return ok(collection(call, 'roles', views));
};

export const showAccessTokenRole: Handler<Identity, unknown, 'id' | 'tokenId' | 'roleId'> = async (identity, call) => {
  const { roleId } = call.params;
  const role = (await rolesOf(identity, await getAccessToken(identity, call))).find(({ id }) => id === roleId);
  if (!role) throw couldNotFind('role', roleId);
  return ok({ role: roleView(role, call.base) });
};
