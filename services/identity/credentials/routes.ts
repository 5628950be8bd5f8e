import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { routesOf } from '../resources/routes.ts';
import { createEc2, deleteEc2, listEc2, showEc2 } from './ec2-handlers.ts';
import { credentialOperations } from './handlers.ts';
import { credential } from './resource.ts';
import { ec2Tokens, s3Tokens } from './signed-handlers.ts';

const ec2 = '/v3/users/:id/credentials/OS-EC2';

export const credentialRoutes: readonly Route<Identity>[] = [
  ...routesOf(credential, credentialOperations),
  { method: 'get', path: ec2, ...listEc2 },
  { method: 'post', path: ec2, ...createEc2 },
  { method: 'get', path: `${ec2}/:access`, ...showEc2 },
  { method: 'delete', path: `${ec2}/:access`, ...deleteEc2 },
  { method: 'post', path: '/v3/ec2tokens', handler: ec2Tokens, rule: 'identity:ec2tokens_validate' },
  { method: 'post', path: '/v3/s3tokens', handler: s3Tokens, rule: 'identity:s3tokens_validate' },
];
