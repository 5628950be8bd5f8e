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

export const applicationCredentialRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: all, ...listCredentials },
  { method: 'post', path: all, ...createCredential },
  { method: 'get', path: `${all}/:credentialId`, ...showCredential },
  { method: 'delete', path: `${all}/:credentialId`, ...deleteCredential },
  { method: 'get', path: rules, ...listRules },
  { method: 'get', path: `${rules}/:ruleId`, ...showRule },
  { method: 'delete', path: `${rules}/:ruleId`, ...dropRule },
];
