import { randomBytes } from 'node:crypto';
import { atLeast } from '#shared/api/versions.ts';
import { badRequest } from '#shared/errors/fault.ts';
import { ok } from '#shared/http/route.ts';
import { booleanSchema } from '../../attributes.ts';
import { evacuate as evacuateTo } from '../../server-migrations/evacuate.ts';
import { isTrue } from '../../values.ts';
import { serverAction } from '../action.ts';

interface EvacuateInput {
  readonly host?: string;
  readonly adminPass?: string;
  readonly onSharedStorage?: boolean | string;
  readonly force?: boolean | string;
}

/** Before 2.14 the answer has the password. From 2.95 on the server is off afterwards. */
export const evacuate = serverAction<EvacuateInput>({
  key: 'evacuate',
  rule: 'os-evacuate',
  input: {
    type: 'object',
    required: ['onSharedStorage'],
    additionalProperties: false,
    properties: {
      host: { type: 'string', minLength: 1, maxLength: 255 },
      adminPass: { type: 'string' },
      onSharedStorage: { ...booleanSchema, 'x-openstack': { 'max-ver': '2.13' } },
      force: { ...booleanSchema, 'x-openstack': { 'min-ver': '2.29', 'max-ver': '2.67' } },
    },
  },
  whileLocked: true,
  answer: async (compute, { caller, version }, server, { host, adminPass, onSharedStorage = false, force = false }) => {
    const shared = isTrue(onSharedStorage);
    if (shared && adminPass !== undefined) throw badRequest("admin password can't be changed on existing disk");
    if (isTrue(force) && host === undefined) throw badRequest("Can't force to a non-provided destination");
    const password = adminPass ?? randomBytes(9).toString('base64url');
    await evacuateTo(compute, caller, server, {
      wantedHost: host ?? null,
      shared,
      adminPass: adminPass ?? (atLeast(version, '2.14') ? null : password),
      staysOff: atLeast(version, '2.95'),
    });
    if (atLeast(version, '2.14')) return { status: 200 };
    return ok(shared ? {} : { adminPass: password });
  },
});
