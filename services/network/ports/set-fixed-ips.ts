import { assignAddresses, type FixedIpInput } from '../addresses/assign.ts';
import { canonical } from '../addresses/cidr.ts';
import { type Address, deleteAddresses, listAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { releaseFloatingIpsOf } from '../floating-ips/release.ts';
import { subnetRows } from '../subnets/store.ts';
import type { Port } from './store.ts';

/** Keeps the addresses that stay, and gives the port the others that it asks for. False: nothing changes. */
export async function setFixedIps(network: Network, port: Port, asked: readonly FixedIpInput[]): Promise<boolean> {
  const { db } = network;
  const subnets = await subnetRows.where(db, { networkId: port.networkId });
  const held = await listAddresses(db, [port.id]);
  const inputs = keeping(asked, held);
  const same = inputs.length === held.length && inputs.every((input) => held.some((each) => isThat(each, input)));
  if (same) return false;
  await deleteAddresses(db, port.id);
  const taker = { portId: port.id, mac: port.macAddress, networkId: port.networkId, subnets, inputs };
  const now = await assignAddresses(network, taker);
  await releaseFloatingIpsOf(network, port.id, new Set(now.map(({ address }) => address)));
  return true;
}

const isThat = ({ subnetId, address }: Address, { subnet_id, ip_address }: FixedIpInput): boolean =>
  ip_address !== undefined && address === canonical(ip_address) && (subnet_id ?? subnetId) === subnetId;

/** A subnet alone means an address that the port has there already, unless another item names that one. */
function keeping(asked: readonly FixedIpInput[], held: readonly Address[]): FixedIpInput[] {
  const left = held.filter((each) => !asked.some((input) => isThat(each, input)));
  return asked.map((input) => {
    if (input.ip_address !== undefined) return input;
    const at = left.findIndex(({ subnetId }) => subnetId === input.subnet_id);
    const [kept] = at < 0 ? [] : left.splice(at, 1);
    return kept ? { subnet_id: kept.subnetId, ip_address: kept.address } : input;
  });
}
