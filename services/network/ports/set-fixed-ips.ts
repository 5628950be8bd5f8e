import { canonical } from '#shared/net/addresses.ts';
import { assignAddresses } from '../addresses/assign.ts';
import { type Address, deleteAddresses, listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { releaseFloatingIpsOf } from '../floating-ips/release.ts';
import { removeForwardingsTo } from '../port-forwardings/release.ts';
import { subnetRows } from '../subnets/resource.ts';
import type { FixedIpInput, Port } from './resource.ts';

/** Makes the fixed IPs of a port the requested ones. Returns false when nothing changes. */
export async function setFixedIps(network: Network, port: Port, requested: readonly FixedIpInput[]): Promise<boolean> {
  const { db } = network;
  const subnets = await subnetRows.where(db, { networkId: port.networkId });
  const current = await listAddresses(db, [port.id]);
  const inputs = withKeptAddresses(requested, current);
  const same =
    inputs.length === current.length && inputs.every((input) => current.some((each) => matches(each, input)));
  if (same) return false;
  await deleteAddresses(db, port.id);
  const { id: portId, macAddress: mac, networkId, deviceOwner } = port;
  const request = { portId, mac, networkId, deviceOwner, subnets, inputs };
  const allocated = await assignAddresses(network, request);
  const kept = new Set(allocated.map(({ address }) => address));
  await releaseFloatingIpsOf(network, port.id, kept);
  await removeForwardingsTo(network, port.id, kept);
  return true;
}

const matches = ({ subnetId, address }: Address, { subnet_id, ip_address }: FixedIpInput): boolean =>
  ip_address !== undefined && address === canonical(ip_address) && (subnet_id ?? subnetId) === subnetId;

/** An item with a subnet only means an address that the port has there already, unless another item names that address. */
function withKeptAddresses(requested: readonly FixedIpInput[], current: readonly Address[]): FixedIpInput[] {
  const unused = current.filter((each) => !requested.some((input) => matches(each, input)));
  return requested.map((input) => {
    if (input.ip_address !== undefined) return input;
    const index = unused.findIndex(({ subnetId }) => subnetId === input.subnet_id);
    const [kept] = index < 0 ? [] : unused.splice(index, 1);
    return kept ? { subnet_id: kept.subnetId, ip_address: kept.address } : input;
  });
}
