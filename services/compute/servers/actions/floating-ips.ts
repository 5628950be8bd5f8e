/** Floating IPs of a server until 2.43; later clients call the network service. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { interfaceTable } from '../../interfaces/store.ts';
import { associateFloatingIp, findFloatingIp } from '../../proxies/floating-ips.ts';
import { serverAction } from '../action.ts';

interface AddInput {
  readonly address: string;
  readonly fixed_address?: string;
}

export const addFloatingIp = serverAction<AddInput>({
  key: 'addFloatingIp',
  rule: 'os-floating-ips:add',
  input: {
    type: 'object',
    required: ['address'],
    additionalProperties: false,
    properties: { address: { type: 'string', format: 'ipv4' }, fixed_address: { type: 'string', format: 'ipv4' } },
  },
  until: '2.43',
  act: async (compute, { caller }, { id }, { address, fixed_address }) => {
    const nics = (await interfaceTable.list(compute.db, id)).flatMap(({ portId, port }) =>
      portId === null || port === null ? [] : port.fixedIps.map((ip) => ({ portId, address: ip.address })),
    );
    if (nics.length === 0) throw badRequest('No fixed IPs associated to instance');
    const to =
      fixed_address === undefined
        ? nics.find((nic) => !nic.address.includes(':'))
        : nics.find((nic) => nic.address === fixed_address);
    if (!to) throw badRequest('Specified fixed address not assigned to instance');
    const { id: floatingId } = await findFloatingIp(compute, caller.token, address);
    await associateFloatingIp(compute, caller.token, floatingId, { port_id: to.portId, fixed_ip_address: to.address });
  },
});

export const removeFloatingIp = serverAction<{ readonly address: string }>({
  key: 'removeFloatingIp',
  rule: 'os-floating-ips:remove',
  input: {
    type: 'object',
    required: ['address'],
    additionalProperties: false,
    properties: { address: { type: 'string', format: 'ipv4' } },
  },
  until: '2.43',
  act: async (compute, { caller }, { id }, { address }) => {
    const { id: floatingId, port_id } = await findFloatingIp(compute, caller.token, address);
    const nics = await interfaceTable.list(compute.db, id);
    if (port_id === null || !nics.some(({ portId }) => portId === port_id))
      throw new Fault(409, 'conflict', `Floating IP ${address} is not associated with instance ${id}.`);
    await associateFloatingIp(compute, caller.token, floatingId, { port_id: null });
  },
});
