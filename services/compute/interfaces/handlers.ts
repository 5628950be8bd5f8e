import { atLeast, type Version } from '#shared/api/versions.ts';
import { accepted, type Handler, ok, type Route } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { serverOf, unlockedServer } from '../servers/find.ts';
import { attach, detach, getInterface, type InterfaceInput } from './operations.ts';
import { type Interface, interfaceTable } from './store.ts';

const interfaceView = ({ networkId, portId, port, tag }: Interface, version: Version) => ({
  net_id: networkId,
  port_id: portId,
  mac_addr: port?.mac ?? null,
  port_state: port?.state ?? null,
  fixed_ips: (port?.fixedIps ?? []).map(({ address, subnetId }) => ({ ip_address: address, subnet_id: subnetId })),
  ...(atLeast(version, '2.70') ? { tag } : {}),
});

const listServerInterfaces: Handler<Compute, unknown, 'id' | 'port'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const nics = (await interfaceTable.list(compute.db, id)).filter(({ portId }) => portId !== null);
  return ok({ interfaceAttachments: nics.map((each) => interfaceView(each, call.version)) });
};

const showInterface: Handler<Compute, unknown, 'id' | 'port'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const nic = await getInterface(compute, id, call.params.port);
  return ok({ interfaceAttachment: interfaceView(nic, call.version) });
};

const attachInterface: Handler<Compute, { interfaceAttachment?: InterfaceInput } | undefined, 'id'> = async (
  compute,
  call,
) => {
  const server = await unlockedServer(compute, call);
  const mayUseExternal = () => call.may('network:attach_external_network');
  const nic = await attach(compute, call.caller, server, call.body?.interfaceAttachment ?? {}, mayUseExternal);
  return ok({ interfaceAttachment: interfaceView(nic, call.version) });
};

const detachInterface: Handler<Compute, unknown, 'id' | 'port'> = async (compute, call) => {
  await detach(compute, call.caller, await unlockedServer(compute, call), call.params.port);
  return accepted();
};

const path = '/v2.1/servers/:id/os-interface';
const one = `${path}/:port`;
const rule = 'os_compute_api:os-attach-interfaces';

export const interfaceRoutes: Route<Compute>[] = [
  { method: 'get', path, handler: listServerInterfaces, rule: `${rule}:list` },
  { method: 'post', path, handler: attachInterface, rule: `${rule}:create` },
  { method: 'get', path: one, handler: showInterface, rule: `${rule}:show` },
  { method: 'delete', path: one, handler: detachInterface, rule: `${rule}:delete` },
];
