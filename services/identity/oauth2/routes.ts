import type { Route } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';
import { createAccessToken } from './handlers.ts';

export const oauth2Routes: readonly Route<Identity>[] = [
  {
    method: 'post',
    path: '/v3/OS-OAUTH2/token',
    handler: createAccessToken,
    auth: 'none',
    body: 'stream',
  },
];
