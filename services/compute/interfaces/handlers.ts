import { atLeast, type Version } from '#shared/api/versions.ts';
import { Fault } from '#shared/errors/fault.ts';
import { accepted, type Call, type Handler, ok } from '#shared/http/route.ts';
import type { Compute } from '../context.ts';
import { checkUnlocked } from '../servers/operations.ts';
import { getServer } from '../servers/store.ts';
import { attach, changeGroup, detach, getInterface, type InterfaceInput } from './operations.ts';
import { type Interface, listInterfaces } from './store.ts';

const serverOf = ({ db }: Compute, { caller, params }: Call<unknown, 'id'>) => getServer(db, caller, params.id);

async function unlockedServer(compute: Compute, call: Call) {
  const server = await serverOf(compute, call);
  checkUnlocked(server, call.may('os_compute_api:os-lock-server:unlock:unlock_override'));
  return server;
}

const interfaceView = ({ networkId, portId, port, tag }: Interface, version: Version) => ({
  net_id: networkId,
  port_id: portId,
  mac_addr: port?.mac ?? null,
  port_state: port?.state ?? null,
  fixed_ips: (port?.fixedIps ?? []).map(({ address, subnetId }) => ({ ip_address: address, subnet_id: subnetId })),
  ...(atLeast(version, '2.70') ? { tag } : {}),
});

export const listServerInterfaces: Handler<Compute> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const nics = (await listInterfaces(compute.db, id)).filter(({ portId }) => portId !== null);
  return ok({ interfaceAttachments: nics.map((each) => interfaceView(each, call.version)) });
};

export const showInterface: Handler<Compute, unknown, 'id' | 'port'> = async (compute, call) => {
  const { id } = await serverOf(compute, call);
  const nic = await getInterface(compute, id, call.params.port);
  return ok({ interfaceAttachment: interfaceView(nic, call.version) });
};

export const attachInterface: Handler<Compute, { interfaceAttachment?: InterfaceInput } | undefined> = async (
  compute,
  call,
) => {
  const server = await unlockedServer(compute, call);
  const mayUseExternal = () => call.may('network:attach_external_network');
  const nic = await attach(compute, call.caller, server, call.body?.interfaceAttachment ?? {}, mayUseExternal);
  return ok({ interfaceAttachment: interfaceView(nic, call.version) });
};

export const detachInterface: Handler<Compute, unknown, 'id' | 'port'> = async (compute, call) => {
  await detach(compute, call.caller, await unlockedServer(compute, call), call.params.port);
  return accepted();
};

export const addGroup: Handler<Compute, { addSecurityGroup: { name: string } }> = async (compute, call) => {
  const server = await unlockedServer(compute, call);
  checkActive(server.vmState, server.id);
  await changeGroup(compute, call.caller, server, { name: call.body.addSecurityGroup.name, present: true });
  return accepted();
};

export const removeGroup: Handler<Compute, { removeSecurityGroup: { name: string } }> = async (compute, call) => {
  const server = await unlockedServer(compute, call);
  await changeGroup(compute, call.caller, server, { name: call.body.removeSecurityGroup.name, present: false });
  return accepted();
};

function checkActive(vmState: string, id: string): void {
  if (vmState === 'building' || vmState === 'error')
    throw new Fault(
      409,
      'conflict',
      `Cannot add a security group to instance ${id} while it is in vm_state ${vmState}`,
    );
}
