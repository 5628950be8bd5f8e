import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Handler, Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { createDomain } from '../projects/operations.ts';
import { domain } from '../projects/resource.ts';
import { getDomain } from '../projects/store.ts';
import { routesOf } from '../resources/routes.ts';
import { createProtocol, deleteProtocol, listProtocols, showProtocol, updateProtocol } from './handlers.ts';
import { federatedLogin, signOn, signOnByProvider } from './login-handlers.ts';
import { identityProvider, mapping, protocol, serviceProvider } from './resource.ts';
import { type Rule, refuseInvalidRules } from './rules.ts';
import { createAssertion, showMetadata } from './saml-handlers.ts';

const top = '/v3/OS-FEDERATION';
const protocols = `${top}/identity_providers/:id/protocols`;
const auth = '/v3/auth/OS-FEDERATION';
const rule = (name: string) => `identity:${name}`;

type Tx = Identity['db'];

async function refuseTaken(db: Tx, id: string, remoteIds: readonly string[]): Promise<void> {
  const others = (await identityProvider.rows.list(db)).filter((each) => each.id !== id);
  const taken = remoteIds.find((remote) => others.some((each) => each.remoteIds.includes(remote)));
  if (taken !== undefined) throw conflict(`The remote id ${taken} belongs to another identity provider.`);
}

const providers = routesOf(identityProvider, {
  createBy: ['put'],
  /** Its users need a domain: the named one, or a new one. */
  create: async ({ db }, input, { params: { id } }) => {
    const known = await identityProvider.rows.find(db, { id });
    if (!known) await refuseTaken(db, id, input.remoteIds);
    const domainId =
      input.domainId || known?.domainId || (await createDomain({ db }, domain.create({ name: `federation-${id}` }))).id;
    await getDomain(db, domainId);
    const row = { ...input, id, domainId };
    await identityProvider.rows.insert(db, row);
    return row;
  },
  check: async (tx, { id, domainId, remoteIds }, before) => {
    if (domainId !== before?.domainId) throw badRequest('The domain of an identity provider cannot be changed.');
    if (remoteIds !== before.remoteIds) await refuseTaken(tx, id, remoteIds);
  },
  removeDependents: (tx, { id }) => protocol.rows.remove(tx, { idpId: id }),
});

const mappings = routesOf(mapping, {
  createBy: ['put'],
  check: async (_tx, { rules, schemaVersion }) => refuseInvalidRules(rules as readonly Rule[], schemaVersion),
});

/** Trusted web servers use GET or POST; the body is not read. */
const login = (path: string, handler: Handler<Identity>): Route<Identity>[] =>
  (['get', 'post'] as const).map((method) => ({ method, path, handler, auth: 'none', body: 'stream' }));

export const federationRoutes: readonly Route<Identity>[] = [
  ...providers,
  ...mappings,
  ...routesOf(serviceProvider, { createBy: ['put'] }),
  { method: 'get', path: protocols, handler: listProtocols, rule: rule('list_protocols') },
  { method: 'put', path: `${protocols}/:protocolId`, handler: createProtocol, rule: rule('create_protocol') },
  { method: 'get', path: `${protocols}/:protocolId`, handler: showProtocol, rule: rule('get_protocol') },
  { method: 'patch', path: `${protocols}/:protocolId`, handler: updateProtocol, rule: rule('update_protocol') },
  { method: 'delete', path: `${protocols}/:protocolId`, handler: deleteProtocol, rule: rule('delete_protocol') },
  ...login(`${protocols}/:protocolId/auth`, federatedLogin),
  ...login(`${auth}/websso/:protocolId`, signOn),
  ...login(`${auth}/identity_providers/:id/protocols/:protocolId/websso`, signOnByProvider),
  { method: 'post', path: `${auth}/saml2`, handler: createAssertion, auth: 'none' },
  { method: 'post', path: `${auth}/saml2/ecp`, handler: createAssertion, auth: 'none' },
  { method: 'get', path: `${top}/saml2/metadata`, handler: showMetadata, auth: 'none' },
];
