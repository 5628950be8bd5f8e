import { assignAddresses, type FixedIpWish } from '../addresses/assign.ts';
import { canonical } from '../addresses/cidr.ts';
import { type Address, listAddresses, removeAddresses } from '../addresses/store.ts';
import type { Network } from '../context.ts';
import { releaseFloatingIpsOf } from '../floating-ips/release.ts';
import { subnetRows } from '../subnets/store.ts';
import type { Port } from './store.ts';

/** Keeps the addresses that stay, and gives the port the others that it asks for. False: nothing changes. */
export async function readdress(network: Network, port: Port, asked: readonly FixedIpWish[]): Promise<boolean> {
  const { db } = network;
  const subnets = await subnetRows.where(db, { networkId: port.networkId });
  const held = await listAddresses(db, [port.id]);
  const wishes = keeping(asked, held);
  const same = wishes.length === held.length && wishes.every((wish) => held.some((each) => isThat(each, wish)));
  if (same) return false;
  await removeAddresses(db, port.id);
  const taker = { portId: port.id, mac: port.macAddress, networkId: port.networkId, subnets, wishes };
  const now = await assignAddresses(network, taker);
  await releaseFloatingIpsOf(network, port.id, new Set(now.map(({ address }) => address)));
  return true;
}

const isThat = ({ subnetId, address }: Address, { subnet_id, ip_address }: FixedIpWish): boolean =>
  ip_address !== undefined && address === canonical(ip_address) && (subnet_id ?? subnetId) === subnetId;

/** A subnet alone means an address that the port has there already, unless another item names that one. */
function keeping(asked: readonly FixedIpWish[], held: readonly Address[]): FixedIpWish[] {
  const left = held.filter((each) => !asked.some((wish) => isThat(each, wish)));
  return asked.map((wish) => {
    if (wish.ip_address !== undefined) return wish;
    const at = left.findIndex(({ subnetId }) => subnetId === wish.subnet_id);
    const [kept] = at < 0 ? [] : left.splice(at, 1);
    return kept ? { subnet_id: kept.subnetId, ip_address: kept.address } : wish;
  });
}
