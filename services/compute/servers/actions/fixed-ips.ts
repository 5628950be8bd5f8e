/** Further addresses of a server's ports until 2.43; later clients change the port in the network service. */
import { badRequest, Fault } from '#shared/errors/fault.ts';
import { portsOf, refreshAddresses } from '../../interfaces/operations.ts';
import { interfaceTable } from '../../interfaces/store.ts';
import { serverAction } from '../action.ts';

/** A further address of the network, on the first port that the server has there. */
export const addFixedIp = serverAction<{ readonly networkId: string }>({
  key: 'addFixedIp',
  rule: 'os-multinic:add',
  input: {
    type: 'object',
    required: ['networkId'],
    additionalProperties: false,
    properties: { networkId: { anyOf: [{ type: 'string', minLength: 1 }, { type: 'integer' }] } },
  },
  until: '2.43',
  act: async (compute, { caller }, { id }, { networkId }) => {
    const { network, db } = compute;
    const subnets = await network.listSubnets({ network_id: String(networkId) }, caller.token);
    if (subnets.length === 0)
      throw new Fault(404, 'notFound', `Network ${networkId} could not be found, or has no subnet.`);
    const ports = await portsOf(compute, await interfaceTable.list(db, id));
    const port = ports.find((each) => each.network_id === networkId);
    if (!port)
      throw new Fault(
        404,
        'notFound',
        `Network could not be found for instance ${id}: it has no port on ${networkId}.`,
      );
    const subnet = subnets.find(({ ip_version: version }) => version === 4) ?? subnets[0];
    const change = { fixed_ips: [...port.fixed_ips, { subnet_id: subnet?.id }] };
    await network.updatePort(port.id, change, caller.token).catch(noMoreAddresses);
    await refreshAddresses(compute, id);
  },
});

const noMoreAddresses = (error: unknown): never => {
  if (error instanceof Fault && error.type === 'IpAddressGenerationFailure') throw badRequest(error.message);
  throw error;
};

export const removeFixedIp = serverAction<{ readonly address: string }>({
  key: 'removeFixedIp',
  rule: 'os-multinic:remove',
  input: {
    type: 'object',
    required: ['address'],
    additionalProperties: false,
    properties: {
      address: {
        anyOf: [
          { type: 'string', format: 'ipv4' },
          { type: 'string', format: 'ipv6' },
        ],
      },
    },
  },
  until: '2.43',
  act: async (compute, { caller }, { id }, { address }) => {
    const ports = await portsOf(compute, await interfaceTable.list(compute.db, id));
    const port = ports.find(({ fixed_ips: ips }) => ips.some((ip) => ip.ip_address === address));
    if (!port) throw badRequest(`Fixed IP ${address} is not associated with instance ${id}.`);
    const left = port.fixed_ips.filter((ip) => ip.ip_address !== address);
    await compute.network.updatePort(port.id, { fixed_ips: left }, caller.token);
    await refreshAddresses(compute, id);
  },
});
