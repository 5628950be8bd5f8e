import { atLeast, type Version } from '#shared/api/versions.ts';
import { badRequest, type Fault } from '#shared/errors/fault.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import { loginRequired } from '#shared/http/fault-formats.ts';
import { microversions } from '#shared/http/microversions.ts';
import { STATUS_CODES } from '#shared/net/http.ts';

export const oldest: Version = '1.0';
export const newest: Version = '1.39';

/** Error codes, in the field `code`; clients depend on them. */
export const codes = {
  inventoryInUse: 'placement.inventory.inuse',
  concurrentUpdate: 'placement.concurrent_update',
  duplicateName: 'placement.duplicate_name',
  providerInUse: 'placement.resource_provider.inuse',
  cannotDeleteParent: 'placement.resource_provider.cannot_delete_parent',
  providerNotFound: 'placement.resource_provider.not_found',
  duplicateKey: 'placement.query.duplicate_key',
  badValue: 'placement.query.bad_value',
  missingValue: 'placement.query.missing_value',
} as const;
const unnamed = 'placement.undefined_code';
const known: ReadonlySet<string> = new Set(Object.values(codes));

export const placement = (identityUrl: string): Dialect => ({
  ...microversions({
    service: 'placement',
    oldest,
    newest,
    messages: {
      number: /^\d+\.\d+$/,
      malformed: (asked) => `Invalid microversion: invalid version string: ${asked}`,
      unknown: (asked) => `Invalid microversion: Unacceptable version header: ${asked}`,
    },
  }),
  fault: (fault, { id, version: asked }) =>
    fault.status === 401
      ? loginRequired(identityUrl, fault.message)
      : { body: { errors: [errorOf(fault, id, asked)] } },
  invalid: ({ where, path, reason }) => {
    const at = path.length > 0 ? ` at ${path.join('.')}` : '';
    return badRequest(
      where === 'query' ? `Invalid query string parameters: ${reason}${at}` : `JSON does not validate: ${reason}${at}`,
    );
  },
});

const errorOf = ({ status, message, type = '' }: Fault, requestId: string, asked: Version | undefined) => ({
  status,
  title: STATUS_CODES[status] ?? 'Error',
  detail: message,
  ...(asked !== undefined && atLeast(asked, '1.23') ? { code: known.has(type) ? type : unnamed } : {}),
  request_id: requestId,
  ...(status === 406 ? { max_version: newest, min_version: oldest } : {}),
});
