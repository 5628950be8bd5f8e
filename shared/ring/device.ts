/** A device of the ring, and its notation: that of Swift's ring builder, `r1z1-10.0.0.1:6210/sdb 100`. */
import { BadSettings } from '#shared/config/settings.ts';

export interface Device {
  /** Identifies the device and determines its scores. */
  readonly key: string;
  /** Devices of a region are near to each other; `1` unless the zone names one, as `r2z1` does. */
  readonly region?: string;
  readonly zone: string;
  /** host:port of its agent. */
  readonly address: string;
  /** The directory below that of the agent. */
  readonly name: string;
  /** Its share of the data, relative to the other devices. None for 0: what it has moves away. */
  readonly weight: number;
}

/** `defaultHost` is the address of a device whose notation has none. Throws BadSettings. */
export function parseDevice(text: string, defaultHost: string): Device {
  const [place = '', weight = '100', ...more] = text.split(/\s+/);
  const slash = place.lastIndexOf('/');
  const colon = place.lastIndexOf(':', slash);
  const [name, port] = [place.slice(slash + 1), place.slice(colon + 1, slash)];
  const { zone, host } = splitZone(place.slice(0, Math.max(0, colon)));
  const isWhole = zone !== '' && !place.slice(0, slash).includes('/') && /^\d+$/.test(port) && /^[\d.]+$/.test(weight);
  if (!isWhole || !/^[\w.-]{1,64}$/.test(name) || more.length > 0)
    throw new BadSettings(`a device of the ring is "zone-host:port/directory weight", not ${text}`);
  const region = /^r(\d+)z/.exec(zone)?.[1] ?? '1';
  const key = `${zone}-${host}:${port}/${name}`;
  return { key, region, zone, address: `${host || defaultHost}:${port}`, name, weight: Number(weight) };
}

/** A zone may contain hyphens, as names of hosts do, when its device is at an IP address or at that of the cloud. */
function splitZone(text: string): { readonly zone: string; readonly host: string } {
  const last = text.lastIndexOf('-');
  const isAddress = /^([\d.]*|\[[0-9a-f:]+\])$/.test(text.slice(last + 1));
  const dash = isAddress ? last : text.indexOf('-');
  return { zone: text.slice(0, Math.max(0, dash)), host: text.slice(dash + 1) };
}
