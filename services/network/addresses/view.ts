import type { Address } from './store.ts';

/** Sorted by text, whatever the order of the request. */
export const fixedIpViews = (addresses: readonly Address[]) =>
  addresses
    .toSorted((one, other) => (one.address < other.address ? -1 : 1))
    .map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address }));
