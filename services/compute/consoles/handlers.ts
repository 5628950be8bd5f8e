import { atLeast } from '#shared/api/versions.ts';
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { serverOf } from '../servers/find.ts';
import { consoleUrl } from './operations.ts';
import { findConsole } from './store.ts';

interface RemoteConsole {
  readonly remote_console: { readonly protocol: string; readonly type: string };
}

const createRemoteConsole: Handler<Compute, RemoteConsole, 'id'> = async (compute, call) => {
  const { protocol, type } = call.body.remote_console;
  if (protocol !== 'vnc' || type !== 'novnc') throw badRequest(`Unavailable console type ${type}.`);
  const url = await consoleUrl(compute, await serverOf(compute, call), type);
  return ok({ remote_console: { protocol, type, url } });
};

/** For other console proxies: the server of a token, without consuming it. */
const showConsoleToken: Handler<Compute, unknown, 'token'> = async ({ db }, { params, version }) => {
  const found = await findConsole(db, params.token);
  if (!found) throw new Fault(404, 'notFound', 'Token not found');
  return ok({
    console: {
      instance_uuid: found.serverId,
      host: found.host,
      port: 0,
      internal_access_path: null,
      ...(atLeast(version, '2.99') ? { tls_port: null } : {}),
    },
  });
};

export const consoleRoutes: Route<Compute>[] = [
  {
    method: 'post',
    path: '/v2.1/servers/:id/remote-consoles',
    handler: createRemoteConsole,
    rule: 'os_compute_api:os-remote-consoles',
    since: '2.6',
  },
  {
    method: 'get',
    path: '/v2.1/os-console-auth-tokens/:token',
    handler: showConsoleToken,
    rule: 'os_compute_api:os-console-auth-tokens',
  },
];
