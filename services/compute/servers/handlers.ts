import { Fault } from '#shared/errors/fault.ts';
import { accepted, type Handler, noContent, ok } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import { canonical } from '#shared/net/addresses.ts';
import type { Compute } from '../context.ts';
import { isTrue } from '../values.ts';
import { serverOf, unlockedServer } from './find.ts';
import type { ServerBody } from './input.ts';
import { launchServers, requireNetworks } from './launch.ts';
import { hostnameOf } from './new-server.ts';
import { deleteOrKeep } from './remove.ts';
import { changeServer } from './store.ts';
import { addressesView, createdView, serverView, updatedView } from './view.ts';
import { viewInput } from './view-input.ts';

interface CreateBody {
  readonly server: ServerBody;
  readonly 'os:scheduler_hints'?: Readonly<Record<string, unknown>>;
  readonly 'OS-SCH-HNT:scheduler_hints'?: Readonly<Record<string, unknown>>;
}

export const createServer: Handler<Compute, CreateBody> = async (compute, call) => {
  const { caller, body, version, base } = call;
  requireNetworks(body.server, version);
  if (caller.projectId === null)
    throw new Fault(403, 'forbidden', 'A server belongs to a project: scope the token to one.');
  const hints = body['os:scheduler_hints'] ?? body['OS-SCH-HNT:scheduler_hints'] ?? {};
  const { servers, adminPass, groupNames, reservationId } = await launchServers(
    compute,
    caller,
    body.server,
    hints,
    call,
  );
  const [first] = servers;
  if (isTrue(body.server.return_reservation_id ?? false) || !first) return accepted({ reservation_id: reservationId });
  const location = `${base}/v2.1/servers/${first.id}`;
  return accepted({ server: createdView(first, base, adminPass, groupNames) }, { location });
};

export const showServer: Handler<Compute, unknown, 'id'> = async (compute, call) =>
  ok({ server: serverView(await viewInput(compute, call, await serverOf(compute, call)), call.version) });

interface UpdateBody {
  readonly server: {
    readonly name?: string;
    readonly description?: string | null;
    readonly hostname?: string;
    readonly accessIPv4?: string | null;
    readonly accessIPv6?: string | null;
    readonly 'OS-DCF:diskConfig'?: 'AUTO' | 'MANUAL';
  };
}

export const updateServer: Handler<Compute, UpdateBody, 'id'> = async (compute, call) => {
  const server = await serverOf(compute, call);
  const { name, description, hostname, accessIPv4, accessIPv6, 'OS-DCF:diskConfig': diskConfig } = call.body.server;
  await changeServer(compute.db, server.id, {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(hostname === undefined ? {} : { hostname: hostname || hostnameOf(server.name, server.id) }),
    ...(accessIPv4 === undefined ? {} : { accessIpv4: accessIPv4 ?? '' }),
    ...(accessIPv6 === undefined ? {} : { accessIpv6: canonical(accessIPv6 ?? '') ?? '' }),
    ...(diskConfig === undefined ? {} : { diskConfig }),
  });
  const input = await viewInput(compute, call, await serverOf(compute, call));
  return ok({ server: updatedView(input, call.version) });
};

export const deleteServer: Handler<Compute, unknown, 'id'> = async (compute, call) => {
  await deleteOrKeep(compute, call.caller, await unlockedServer(compute, call));
  return noContent();
};

export const listAddresses: Handler<Compute, unknown, 'id'> = async (compute, call) =>
  ok({ addresses: addressesView(await serverOf(compute, call)) });

export const showAddresses: Handler<Compute, unknown, 'id' | 'label'> = async (compute, call) => {
  const { label } = call.params;
  const addresses = addressesView(await serverOf(compute, call));
  if (!own(addresses, label)) throw new Fault(404, 'notFound', 'Instance is not a member of specified network');
  return ok({ [label]: addresses[label] });
};
