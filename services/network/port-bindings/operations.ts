/** Bindings of a port to further hosts, to which its server may move: their hosts have the spec of the port too. */
import { badRequest, conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { findHost } from '../hosts/store.ts';
import { markPortDirty } from '../ports/mark-dirty.ts';
import { type Port, portRows } from '../ports/resource.ts';
import { missing } from '../resources/values.ts';
import { groupsOfPorts } from '../security-groups/store.ts';
import { deleteInactive, insertInactive, updateInactive } from './store.ts';
import { type Binding, bindingsOf } from './view.ts';

export interface BindingInput {
  readonly host?: string;
  readonly vnic_type?: string;
  readonly profile?: object | null;
}

async function getBinding(network: Network, port: Port, host: string): Promise<Binding> {
  const found = (await bindingsOf(network, port)).find((each) => each.host === host);
  if (found) return found;
  throw missing('PortBindingNotFound', `Binding for port ${port.id} for host ${host} could not be found.`);
}

export async function createBinding(network: Network, port: Port, input: BindingInput): Promise<Binding> {
  const { db } = network;
  if (!port.deviceOwner.startsWith('compute:'))
    throw badRequest(`Bad port request: Invalid port ${port.id}. Operation only valid on compute ports.`, 'BadRequest');
  const host = await findHost(db, input.host ?? '');
  if (!host)
    throw conflict(
      `Binding for port ${port.id} on host ${input.host} could not be created or updated: no network agent of that host has reported.`,
      'PortBindingError',
    );
  if ((await bindingsOf(network, port)).some((each) => each.host === host.host))
    throw conflict(`Binding for port ${port.id} on host ${host.host} already exists.`, 'PortBindingAlreadyExists');
  const { vnic_type: vnicType = 'normal', profile } = input;
  const binding = { host: host.host, vifType: 'bridge' as const, vnicType, profile: profile ?? {} };
  await insertInactive(db, { portId: port.id, ...binding });
  await markBindingDirty(network, port, host.host);
  return { ...binding, status: 'INACTIVE' };
}

export async function updateBinding(network: Network, port: Port, host: string, input: BindingInput): Promise<Binding> {
  const { db } = network;
  const before = await getBinding(network, port, host);
  if (input.host !== undefined && input.host !== host)
    throw badRequest(
      `Bad binding request: the host of a binding cannot be changed; create one for ${input.host}.`,
      'BadRequest',
    );
  const { vnic_type: vnicType = before.vnicType, profile = before.profile } = input;
  const after = { ...before, vnicType, profile: profile ?? {} };
  if (before.status === 'ACTIVE') await portRows.update(db, port.id, { vnicType, bindingProfile: after.profile });
  else await updateInactive(db, port.id, host, { vnicType, profile: after.profile });
  return after;
}

/** The binding becomes that of the port; the one that was active stays as an inactive one. */
export async function activateBinding(network: Network, port: Port, host: string): Promise<Binding> {
  const { db } = network;
  const { status, ...binding } = await getBinding(network, port, host);
  if (status === 'ACTIVE')
    throw conflict(`Binding for port ${port.id} on host ${host} is already active.`, 'PortBindingAlreadyActive');
  await deleteInactive(db, port.id, host);
  const { bindingHost, vifType, vnicType, bindingProfile } = port;
  if (bindingHost !== '')
    await insertInactive(db, { portId: port.id, host: bindingHost, vifType, vnicType, profile: bindingProfile });
  const change = {
    bindingHost: host,
    vifType: binding.vifType,
    vnicType: binding.vnicType,
    bindingProfile: binding.profile,
  };
  await portRows.update(db, port.id, change);
  const groupIds = (await groupsOfPorts(db, [port.id])).get(port.id) ?? [];
  await markPortDirty(network, { before: port, after: { ...port, ...change }, groupIds });
  return { ...binding, status: 'ACTIVE' };
}

/** Without its active binding a port is bound to no host. */
export async function removeBinding(network: Network, port: Port, host: string): Promise<void> {
  const { db } = network;
  const { status } = await getBinding(network, port, host);
  if (status === 'INACTIVE') {
    await deleteInactive(db, port.id, host);
    await markBindingDirty(network, port, host);
    return;
  }
  const change = { bindingHost: '', vifType: 'unbound', status: 'DOWN' } as const;
  await portRows.update(db, port.id, change);
  const groupIds = (await groupsOfPorts(db, [port.id])).get(port.id) ?? [];
  await markPortDirty(network, { before: port, after: { ...port, ...change }, groupIds });
}

/** The host joins or leaves the network with this port. */
async function markBindingDirty(network: Network, port: Port, host: string): Promise<void> {
  const groupIds = (await groupsOfPorts(network.db, [port.id])).get(port.id) ?? [];
  await markPortDirty(network, { after: { ...port, bindingHost: host }, groupIds });
}
