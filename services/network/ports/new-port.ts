import { randomInt } from 'node:crypto';
import { conflict } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { freshRow } from '../resources/values.ts';
import type { Port } from './resource.ts';
import { isMacTaken } from './store.ts';

/** A port with the default attributes. */
export const newPort = (networkId: string, projectId: string): Port => ({
  ...freshRow(projectId, {}),
  networkId,
  macAddress: '',
  adminStateUp: true,
  status: 'DOWN',
  deviceId: '',
  deviceOwner: '',
  portSecurityEnabled: true,
  allowedAddressPairs: [],
  extraDhcpOpts: [],
  dnsName: '',
  bindingHost: '',
  vifType: 'unbound',
  vnicType: 'normal',
  bindingProfile: {},
  qosPolicyId: null,
});

const byte = () => randomInt(256).toString(16).padStart(2, '0');

/** Generates a MAC that no port of the network has. */
export async function generateMac(db: Network['db'], networkId: string): Promise<string> {
  for (;;) {
    const mac = `fa:16:3e:${byte()}:${byte()}:${byte()}`;
    if (!(await isMacTaken(db, networkId, mac))) return mac;
  }
}

export async function reserveMac(db: Network['db'], networkId: string, wanted: string): Promise<string> {
  const mac = wanted.toLowerCase();
  if (!(await isMacTaken(db, networkId, mac))) return mac;
  const message = `Unable to complete operation for network ${networkId}. The mac address ${mac} is in use.`;
  throw conflict(message, 'MacAddressInUse');
}
