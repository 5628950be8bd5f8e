import { longTime } from '#shared/api/times.ts';
import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { type Call, checkedInHandler, created, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { mostPerPage } from '../dialect.ts';
import { computeQuotas } from '../quotas/operations.ts';
import { limitOf } from '../values.ts';
import { generateKeys, importKeypair } from './operations.ts';
import { checkQuota, getKeypair, type Keypair, listKeypairs, removeKeypair } from './store.ts';

interface KeypairBody {
  readonly name: string;
  readonly public_key?: string;
  readonly type?: 'ssh' | 'x509';
  readonly user_id?: string;
}

/** The user whose keys are requested: from 2.10 on an administrator may name another one. */
function userRequested({ caller, query, version, authorize }: Call, rule: string, named = query.user_id): string {
  const userId = atLeast(version, '2.10') && named !== undefined && named !== 'None' ? named : caller.userId;
  authorize(rule, { user_id: userId });
  return userId;
}

const briefView = ({ name, publicKey, fingerprint, type }: Keypair, version: Version) => ({
  name,
  public_key: publicKey,
  fingerprint,
  ...(atLeast(version, '2.2') ? { type } : {}),
});

const listOwnKeypairs: Handler<Compute> = async ({ db }, call) => {
  const userId = userRequested(call, 'os_compute_api:os-keypairs:index');
  const paged = atLeast(call.version, '2.35');
  const limit = paged ? limitOf(call.query.limit) : mostPerPage;
  const found = await listKeypairs(db, userId, { limit, marker: paged ? call.query.marker : undefined });
  const names = found.map(({ name }) => name);
  const links = paged ? call.page('keypairs', names, limit) : {};
  return ok({ keypairs: found.map((each) => ({ keypair: briefView(each, call.version) })), ...links });
};

const showKeypair: Handler<Compute, unknown, 'id'> = async ({ db }, call) => {
  const userId = userRequested(call, 'os_compute_api:os-keypairs:show');
  const keypair = await getKeypair(db, userId, call.params.id);
  return ok({
    keypair: {
      ...briefView(keypair, call.version),
      user_id: userId,
      id: keypair.sequence,
      created_at: longTime(keypair.createdAt),
      updated_at: null,
      deleted: false,
      deleted_at: null,
    },
  });
};

const createKeypair: Handler<Compute, { keypair: KeypairBody }> = async ({ db, config }, call) => {
  const { version, body, caller } = call;
  const { name, public_key, type = 'ssh', user_id } = body.keypair;
  const userId = userRequested(call, 'os_compute_api:os-keypairs:create', user_id);
  if (public_key === undefined && type === 'x509')
    throw badRequest('X509 key pairs cannot be generated: send public_key.');
  const { key_pairs: quota = -1 } = await computeQuotas.limits({ db, config }, caller.projectId ?? '');
  await checkQuota(db, { userId, name }, quota);
  const keys = public_key === undefined ? await generateKeys() : { publicKey: public_key };
  const made = await importKeypair(db, { name, type, userId, publicKey: keys.publicKey }, quota);
  const shown = {
    ...briefView(made, version),
    user_id: userId,
    ...('privateKey' in keys ? { private_key: keys.privateKey } : {}),
  };
  return atLeast(version, '2.2') ? created({ keypair: shown }) : ok({ keypair: shown });
};

const deleteKeypair: Handler<Compute, unknown, 'id'> = async ({ db }, call) => {
  const userId = userRequested(call, 'os_compute_api:os-keypairs:delete');
  await removeKeypair(db, userId, call.params.id);
  return { status: atLeast(call.version, '2.2') ? 204 : 202 };
};

const path = '/v2.1/os-keypairs';
const one = `${path}/:id`;
const checked = (verb: string) => checkedInHandler(`os_compute_api:os-keypairs:${verb}`);

export const keypairRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listOwnKeypairs, rule: checked('index') },
  { method: 'post', path, handler: createKeypair, rule: checked('create') },
  { method: 'get', path: one, handler: showKeypair, rule: checked('show') },
  { method: 'delete', path: one, handler: deleteKeypair, rule: checked('delete') },
];
