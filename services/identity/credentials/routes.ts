import { checkedInHandler, type Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { createEc2, deleteEc2, listEc2, showEc2 } from './ec2-handlers.ts';
import { createCredential, deleteCredential, listCredentials, showCredential, updateCredential } from './handlers.ts';
import { ec2Tokens, s3Tokens } from './signed-handlers.ts';

const one = '/v3/credentials/:id';
const ec2 = '/v3/users/:id/credentials/OS-EC2';

/** The handlers check the rules, with the credential as target. */
export const credentialRoutes: readonly Route<Identity>[] = [
  {
    method: 'get',
    path: '/v3/credentials',
    handler: listCredentials,
    rule: checkedInHandler('identity:list_credentials'),
  },
  {
    method: 'post',
    path: '/v3/credentials',
    handler: createCredential,
    rule: checkedInHandler('identity:create_credential'),
  },
  { method: 'get', path: one, ...showCredential },
  { method: 'patch', path: one, ...updateCredential },
  { method: 'delete', path: one, ...deleteCredential },
  { method: 'get', path: ec2, ...listEc2 },
  { method: 'post', path: ec2, ...createEc2 },
  { method: 'get', path: `${ec2}/:access`, ...showEc2 },
  { method: 'delete', path: `${ec2}/:access`, ...deleteEc2 },
  { method: 'post', path: '/v3/ec2tokens', handler: ec2Tokens, rule: 'identity:ec2tokens_validate' },
  { method: 'post', path: '/v3/s3tokens', handler: s3Tokens, rule: 'identity:s3tokens_validate' },
];
