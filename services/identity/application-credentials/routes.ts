import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import {
  createCredential,
  deleteCredential,
  dropRule,
  listCredentials,
  listRules,
  showCredential,
  showRule,
} from './handlers.ts';

const all = '/v3/users/:id/application_credentials';
const rules = '/v3/users/:id/access_rules';

/** The handlers ask the rules, with the user of the path. */
export const applicationCredentialRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: all, handler: listCredentials, rule: null },
  { method: 'post', path: all, handler: createCredential, rule: null },
  { method: 'get', path: `${all}/:credentialId`, handler: showCredential, rule: null },
  { method: 'delete', path: `${all}/:credentialId`, handler: deleteCredential, rule: null },
  { method: 'get', path: rules, handler: listRules, rule: null },
  { method: 'get', path: `${rules}/:ruleId`, handler: showRule, rule: null },
  { method: 'delete', path: `${rules}/:ruleId`, handler: dropRule, rule: null },
];
