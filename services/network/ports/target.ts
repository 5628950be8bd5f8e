import type { Target } from '#shared/auth/policy.ts';
import type { Port, PortChange } from './resource.ts';

/** Whether the port would be one of a router, a floating IP or DHCP. */
export const deviceTarget = ({ deviceOwner }: PortChange, before?: Port): Target => ({
  network_device: (deviceOwner ?? before?.deviceOwner ?? '').startsWith('network:'),
});
