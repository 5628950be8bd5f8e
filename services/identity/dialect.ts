import { badRequest } from '#shared/errors/fault.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import { STATUS_CODES } from '#shared/net/http.ts';

/** Keystone: no microversions, one shape for all faults, and the invalid field is named. */
export const keystone: Dialect = {
  version: () => '3.14',
  fault: ({ status, message }, { base = 'http://' }) => ({
    body: { error: { code: status, title: STATUS_CODES[status] ?? 'Error', message: reworded(message) } },
    headers: status === 401 ? { 'www-authenticate': `Keystone uri="${base}/v3"` } : {},
  }),
  page: () => ({}),
  headers: () => ({ vary: 'X-Auth-Token' }),
  invalid: ({ path, reason }) =>
    badRequest(
      path.length === 0 ? reason : `Invalid input for field '${path.slice(1).join('/') || path[0]}': ${reason}`,
    ),
};

/** The message of a failed rule, in the words of Keystone. */
const reworded = (message: string): string =>
  message.replace(
    /^Policy doesn't allow (\S+) to be performed\.$/,
    'You are not authorized to perform the requested action: $1.',
  );
