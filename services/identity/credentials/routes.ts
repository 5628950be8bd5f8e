import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { createEc2, deleteEc2, listEc2, showEc2 } from './ec2-handlers.ts';
import { createCredential, deleteCredential, listCredentials, showCredential, updateCredential } from './handlers.ts';
import { ec2Tokens, s3Tokens } from './signed-handlers.ts';

const one = '/v3/credentials/:id';
const ec2 = '/v3/users/:id/credentials/OS-EC2';

/** The handlers ask the rules, with the credential itself. */
export const credentialRoutes: readonly Route<Identity>[] = [
  { method: 'get', path: '/v3/credentials', handler: listCredentials, rule: null },
  { method: 'post', path: '/v3/credentials', handler: createCredential, rule: null },
  { method: 'get', path: one, handler: showCredential, rule: null },
  { method: 'patch', path: one, handler: updateCredential, rule: null },
  { method: 'delete', path: one, handler: deleteCredential, rule: null },
  { method: 'get', path: ec2, handler: listEc2, rule: null },
  { method: 'post', path: ec2, handler: createEc2, rule: null },
  { method: 'get', path: `${ec2}/:access`, handler: showEc2, rule: null },
  { method: 'delete', path: `${ec2}/:access`, handler: deleteEc2, rule: null },
  { method: 'post', path: '/v3/ec2tokens', handler: ec2Tokens, rule: 'identity:ec2tokens_validate' },
  { method: 'post', path: '/v3/s3tokens', handler: s3Tokens, rule: 'identity:s3tokens_validate' },
];
