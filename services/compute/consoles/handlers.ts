import { randomUUID } from 'node:crypto';
import { atLeast } from '#shared/api/versions.ts';
import { NoAnswer } from '#shared/bus/bus.ts';
import { callAddress } from '#shared/contracts/compute-agent.ts';
import { badRequest, conflict, Fault } from '#shared/errors/fault.ts';
import { type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { getServer, type Server } from '../servers/store.ts';
import { findConsole, insertConsole } from './store.ts';

const serverOf = ({ db }: Compute, { caller, params }: Call<unknown, 'id'>) => getServer(db, caller, params.id);

const notReady = ({ id }: Server) => conflict(`Instance ${id} is not ready`);

export const showConsoleLog: Handler<
  Compute,
  { 'os-getConsoleOutput': { length?: number | string | null } | null }
> = async (compute, call) => {
  const server = await serverOf(compute, call);
  if (server.host === null) throw notReady(server);
  const requested = call.body['os-getConsoleOutput']?.length ?? null;
  const length = requested === null || Number(requested) < 0 ? null : Number(requested);
  const request = { id: server.id, length };
  const answer = await compute.bus
    .call<{ output: string }>(callAddress(server.host, 'consoleLog'), request)
    .catch((error: unknown) => {
      if (error instanceof NoAnswer)
        throw new Fault(409, 'conflict', `The host of instance ${server.id} does not answer: try again later.`);
      throw error;
    });
  return ok({ output: answer.output });
};

async function consoleUrl({ db, cloud, config }: Compute, server: Server, type: string): Promise<string> {
  if (server.host === null || server.vmState === 'building') throw notReady(server);
  const token = randomUUID();
  const expiresAt = Date.now() + config.consoleMs;
  const max = config.consolesPerServer;
  if (!(await insertConsole(db, token, { serverId: server.id, host: server.host, type, expiresAt }, max)))
    throw new Fault(
      429,
      'overLimit',
      `${max} unused consoles of instance ${server.id} exist already: open one of them, or wait ${config.consoleMs / 1000} s.`,
    );
  const path = encodeURIComponent(`?token=${token}`);
  return `${cloud.consoleUrl}?path=${path}`;
}

interface RemoteConsole {
  readonly remote_console: { readonly protocol: string; readonly type: string };
}

export const createRemoteConsole: Handler<Compute, RemoteConsole> = async (compute, call) => {
  const { protocol, type } = call.body.remote_console;
  if (protocol !== 'vnc' || type !== 'novnc') throw badRequest(`Unavailable console type ${type}.`);
  const url = await consoleUrl(compute, await serverOf(compute, call), type);
  return ok({ remote_console: { protocol, type, url } });
};

export const showVncConsole: Handler<Compute, { 'os-getVNCConsole': { type: string } }> = async (compute, call) => {
  const { type } = call.body['os-getVNCConsole'];
  if (type !== 'novnc') throw badRequest(`Unavailable console type ${type}.`);
  const url = await consoleUrl(compute, await serverOf(compute, call), type);
  return ok({ console: { type, url } });
};

/** For other console proxies: the server of a token, without consuming it. */
export const showConsoleToken: Handler<Compute, unknown, 'token'> = async ({ db }, { params, version }) => {
  const token = params.token;
  if (token === '') throw badRequest('token not provided');
  const found = await findConsole(db, token);
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
