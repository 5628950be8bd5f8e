import type { Address } from './store.ts';

/** In the order of their text, however they were asked for. */
export const fixedIpViews = (addresses: readonly Address[]) =>
  addresses
    .toSorted((one, other) => (one.address < other.address ? -1 : 1))
    .map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address }));
