import type { Handler, Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { listOwnDomains, listOwnProjects } from '../projects/handlers.ts';
import {
  changeProtocol,
  createProtocol,
  deleteProtocol,
  listProviderProtocols,
  mappingHandlers,
  providerHandlers,
  serviceProviderHandlers,
  showProtocol,
} from './handlers.ts';
import { federatedLogin, signOn, signOnByProvider } from './login-handlers.ts';
import { createAssertion, showMetadata } from './saml-handlers.ts';

const top = '/v3/OS-FEDERATION';
const protocols = `${top}/identity_providers/:id/protocols`;
const auth = '/v3/auth/OS-FEDERATION';
const rule = (name: string) => `identity:${name}`;

const named = (path: string, what: string, verbs: typeof providerHandlers): Route<Identity>[] => [
  { method: 'get', path, handler: verbs.list, rule: rule(`list_${what}s`) },
  { method: 'put', path: `${path}/:id`, handler: verbs.create, rule: rule(`create_${what}`) },
  { method: 'get', path: `${path}/:id`, handler: verbs.show, rule: rule(`get_${what}`) },
  { method: 'patch', path: `${path}/:id`, handler: verbs.update, rule: rule(`update_${what}`) },
  { method: 'delete', path: `${path}/:id`, handler: verbs.remove, rule: rule(`delete_${what}`) },
];

/** Trusted web servers use GET or POST; the body is not read. */
const login = (path: string, handler: Handler<Identity>): Route<Identity>[] =>
  (['get', 'post'] as const).map((method) => ({ method, path, handler, auth: 'none', body: 'stream' }));

export const federationRoutes: readonly Route<Identity>[] = [
  ...named(`${top}/identity_providers`, 'identity_provider', providerHandlers),
  ...named(`${top}/mappings`, 'mapping', mappingHandlers),
  ...named(`${top}/service_providers`, 'service_provider', serviceProviderHandlers),
  { method: 'get', path: protocols, handler: listProviderProtocols, rule: rule('list_protocols') },
  { method: 'put', path: `${protocols}/:protocolId`, handler: createProtocol, rule: rule('create_protocol') },
  { method: 'get', path: `${protocols}/:protocolId`, handler: showProtocol, rule: rule('get_protocol') },
  { method: 'patch', path: `${protocols}/:protocolId`, handler: changeProtocol, rule: rule('update_protocol') },
  { method: 'delete', path: `${protocols}/:protocolId`, handler: deleteProtocol, rule: rule('delete_protocol') },
  ...login(`${protocols}/:protocolId/auth`, federatedLogin),
  ...login(`${auth}/websso/:protocolId`, signOn),
  ...login(`${auth}/identity_providers/:id/protocols/:protocolId/websso`, signOnByProvider),
  { method: 'post', path: `${auth}/saml2`, handler: createAssertion, auth: 'none' },
  { method: 'post', path: `${auth}/saml2/ecp`, handler: createAssertion, auth: 'none' },
  { method: 'get', path: `${top}/saml2/metadata`, handler: showMetadata, auth: 'none' },
  { method: 'get', path: `${top}/projects`, handler: listOwnProjects, rule: rule('list_projects_for_user') },
  { method: 'get', path: `${top}/domains`, handler: listOwnDomains, rule: rule('list_domains_for_user') },
];
