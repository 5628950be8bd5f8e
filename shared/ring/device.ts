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

const hostAndPort = String.raw`([\d.]*|\[[0-9a-f:]+\]|[^\s/-][^\s/]*):(\d+)`;
const notation = new RegExp(String.raw`^([^\s/]+?)-${hostAndPort}\/([\w.-]{1,64})(?:\s+([\d.]+))?$`);
/** A zone may contain hyphens, as names of hosts do, when its device is at an IPv4 address or at that of the cloud. */
const atAddress = /^([^\s/]+)-([\d.]*):(\d+)\/([\w.-]{1,64})(?:\s+([\d.]+))?$/;

/** `defaultHost` is the address of a device whose notation has none. Throws BadSettings. */
export function parseDevice(text: string, defaultHost: string): Device {
  const found = text.match(atAddress) ?? text.match(notation);
  if (!found) throw new BadSettings(`a device of the ring is "zone-host:port/directory weight", not ${text}`);
  const [, zone = '', host = '', port = '', name = '', weight = '100'] = found;
  const region = /^r(\d+)z/.exec(zone)?.[1] ?? '1';
  const key = `${zone}-${host}:${port}/${name}`;
  return { key, region, zone, address: `${host || defaultHost}:${port}`, name, weight: Number(weight) };
}
