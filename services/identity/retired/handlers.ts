/** APIs that Keystone has removed and still answers, with the same status. */
import { Fault, forbidden } from '#shared/errors/fault.ts';
import type { Handler } from '#shared/http/route.ts';
import type { Identity } from '../context.ts';

export const noCertificates: Handler<Identity> = async () => {
  throw new Fault(
    410,
    'gone',
    'This API is no longer available due to the removal of support for PKI tokens. Tokens are checked by GET /v3/auth/tokens.',
  );
};

export const noRevokedList: Handler<Identity> = async () => {
  throw forbidden('There is no list of revoked tokens. Ask GET /v3/auth/tokens of each, or GET /v3/OS-REVOKE/events.');
};
