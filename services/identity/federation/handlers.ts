import { badRequest, conflict } from '#shared/errors/fault.ts';
import { type Call, created, gone, type Handler, ok } from '#shared/http/route.ts';
import { crudHandlers, type Input } from '../collection/crud-handlers.ts';
import { collection } from '../collection/view.ts';
import type { Identity } from '../context.ts';
import { createDomain } from '../projects/operations.ts';
import { getDomain } from '../projects/store.ts';
import { type Rule, refuseInvalidRules } from './rules.ts';
import {
  getProtocol,
  type IdentityProvider,
  identityProviders,
  insertProtocol,
  listProtocols,
  type Mapping,
  mappings,
  type Protocol,
  removeProtocols,
  type ServiceProvider,
  serviceProviders,
  updateProtocol,
} from './store.ts';

const top = '/v3/OS-FEDERATION';
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const providerView = (idp: IdentityProvider, base: string) => {
  const self = `${base}${top}/identity_providers/${idp.id}`;
  return {
    id: idp.id,
    enabled: idp.enabled,
    description: idp.description,
    domain_id: idp.domainId,
    authorization_ttl: idp.authorizationTtl,
    remote_ids: idp.remoteIds,
    links: { self, protocols: `${self}/protocols` },
  };
};

/** Its users need a domain: the named one, or a new one. */
async function providerOf({ db }: Identity, input: Input, call: Call<unknown, 'id'>): Promise<IdentityProvider> {
  const id = call.params.id;
  if (await identityProviders.find(db, { id }))
    throw conflict(`Conflict occurred attempting to store identity_provider - Duplicate entry found with ID ${id}.`);
  const remoteIds = (input.remote_ids as readonly string[] | null | undefined) ?? [];
  await refuseTaken(db, id, remoteIds);
  const domainId = textOrNull(input.domain_id) ?? (await createDomain({ db }, { name: `federation-${id}` })).id;
  await getDomain(db, domainId);
  return {
    id,
    enabled: input.enabled === true,
    description: textOrNull(input.description),
    domainId,
    authorizationTtl: (input.authorization_ttl as number | null | undefined) ?? null,
    remoteIds,
  };
}

async function refuseTaken(db: Identity['db'], id: string, remoteIds: readonly string[]): Promise<void> {
  const others = (await identityProviders.list(db, {})).filter((each) => each.id !== id);
  const taken = remoteIds.find((remote) => others.some((each) => each.remoteIds.includes(remote)));
  if (taken !== undefined) throw conflict(`The remote id ${taken} belongs to another identity provider.`);
}

export const providerHandlers = crudHandlers<IdentityProvider>({
  records: identityProviders,
  one: 'identity_provider',
  many: 'identity_providers',
  view: providerView,
  make: providerOf,
  change: async ({ db }, { id, domainId }, input) => {
    if (input.domain_id !== undefined && input.domain_id !== domainId)
      throw badRequest('The domain of an identity provider cannot be changed.');
    if (input.remote_ids !== undefined) await refuseTaken(db, id, (input.remote_ids as string[] | null) ?? []);
    return {
      ...(input.enabled === undefined ? {} : { enabled: input.enabled === true }),
      ...(input.description === undefined ? {} : { description: textOrNull(input.description) }),
      ...(input.authorization_ttl === undefined ? {} : { authorizationTtl: input.authorization_ttl as number | null }),
      ...(input.remote_ids === undefined ? {} : { remoteIds: (input.remote_ids as string[] | null) ?? [] }),
    };
  },
  alsoRemove: (tx, { id }) => removeProtocols(tx, { idpId: id }),
});

export const mappingHandlers = crudHandlers<Mapping>({
  records: mappings,
  one: 'mapping',
  many: 'mappings',
  view: ({ id, rules, schemaVersion }, base) => ({
    id,
    rules,
    schema_version: schemaVersion,
    links: { self: `${base}${top}/mappings/${id}` },
  }),
  make: async (_identity, input, { params }) => ({ id: params.id, ...rulesOf(input, '1.0') }),
  change: async (_identity, row, input) => rulesOf({ rules: row.rules, ...input }, row.schemaVersion),
});

function rulesOf(input: Input, fallback: string): Pick<Mapping, 'rules' | 'schemaVersion'> {
  const rules = input.rules as readonly Rule[];
  const schemaVersion = textOrNull(input.schema_version) ?? fallback;
  refuseInvalidRules(rules, schemaVersion);
  return { rules, schemaVersion };
}

export const serviceProviderHandlers = crudHandlers<ServiceProvider>({
  records: serviceProviders,
  one: 'service_provider',
  many: 'service_providers',
  view: (sp, base) => ({
    id: sp.id,
    enabled: sp.enabled,
    description: sp.description,
    auth_url: sp.authUrl,
    sp_url: sp.spUrl,
    relay_state_prefix: sp.relayStatePrefix,
    links: { self: `${base}${top}/service_providers/${sp.id}` },
  }),
  make: async (_identity, input, { params }) => ({
    id: params.id,
    enabled: input.enabled === true,
    description: textOrNull(input.description),
    authUrl: String(input.auth_url),
    spUrl: String(input.sp_url),
    relayStatePrefix: textOrNull(input.relay_state_prefix) ?? 'ss:mem:',
  }),
  change: async (_identity, _row, input) => ({
    ...(input.enabled === undefined ? {} : { enabled: input.enabled === true }),
    ...(input.description === undefined ? {} : { description: textOrNull(input.description) }),
    ...(input.auth_url === undefined ? {} : { authUrl: String(input.auth_url) }),
    ...(input.sp_url === undefined ? {} : { spUrl: String(input.sp_url) }),
    ...(input.relay_state_prefix === undefined ? {} : { relayStatePrefix: String(input.relay_state_prefix) }),
  }),
});

const protocolView = ({ id, idpId, mappingId, remoteIdAttribute }: Protocol, base: string) => {
  const provider = `${base}${top}/identity_providers/${idpId}`;
  return {
    id,
    mapping_id: mappingId,
    remote_id_attribute: remoteIdAttribute,
    links: { self: `${provider}/protocols/${id}`, identity_provider: provider },
  };
};

const place = ({ params }: Pick<Call<unknown, 'id' | 'protocolId'>, 'params'>) => ({
  idpId: params.id,
  id: params.protocolId,
});

interface ProtocolInput {
  readonly mapping_id?: string;
  readonly remote_id_attribute?: string | null;
}

export const listProviderProtocols: Handler<Identity, unknown, 'id'> = async ({ db }, call) => {
  const { id } = await identityProviders.get(db, call.params.id);
  const found = await listProtocols(db, { idpId: id });
  return ok(
    collection(
      call,
      'protocols',
      found.map((each) => protocolView(each, call.base)),
    ),
  );
};

export const showProtocol: Handler<Identity> = async ({ db }, call) => {
  const { idpId, id } = place(call);
  return ok({ protocol: protocolView(await getProtocol(db, idpId, id), call.base) });
};

async function refuseUnknownMapping(db: Identity['db'], id: string): Promise<void> {
  if (!(await mappings.find(db, { id }))) throw badRequest(`Invalid mapping id: ${id}`);
}

export const createProtocol: Handler<Identity, { protocol: ProtocolInput }> = async ({ db }, call) => {
  const { idpId, id } = place(call);
  await identityProviders.get(db, idpId);
  const { mapping_id: mappingId = '', remote_id_attribute: remoteIdAttribute = null } = call.body.protocol;
  await refuseUnknownMapping(db, mappingId);
  if ((await listProtocols(db, { idpId, id })).length > 0)
    throw conflict(`Conflict occurred attempting to store federation_protocol - Duplicate entry found with ID ${id}.`);
  const protocol = { id, idpId, mappingId, remoteIdAttribute };
  await insertProtocol(db, protocol);
  return created({ protocol: protocolView(protocol, call.base) });
};

export const changeProtocol: Handler<Identity, { protocol: ProtocolInput }> = async ({ db }, call) => {
  const { idpId, id } = place(call);
  const before = await getProtocol(db, idpId, id);
  const input = call.body.protocol;
  if (input.mapping_id !== undefined) await refuseUnknownMapping(db, input.mapping_id);
  const changed = {
    ...before,
    ...(input.mapping_id === undefined ? {} : { mappingId: input.mapping_id }),
    ...(input.remote_id_attribute === undefined ? {} : { remoteIdAttribute: input.remote_id_attribute }),
  };
  await updateProtocol(db, changed);
  return ok({ protocol: protocolView(changed, call.base) });
};

export const deleteProtocol: Handler<Identity> = async ({ db }, call) => {
  const { idpId, id } = place(call);
  await getProtocol(db, idpId, id);
  await removeProtocols(db, { idpId, id });
  return gone();
};
