/** The section `object-ring`, which must be the same on all proxies and agents. */
import { readCloud } from '#shared/config/cloud.ts';
import { BadSettings, list, number, type Settings, text } from '#shared/config/settings.ts';
import type { Device, Ring } from './ring.ts';
import { isPartPower, saveRing } from './ring-file.ts';

export const ringSection = {
  devices: list(
    ['z1-:6210/d1', 'z2-:6210/d2', 'z3-:6210/d3'],
    'devices of the ring: zone-host:port/directory weight; without host: the address of the cloud; without weight: 100',
  ),
  replicas: number(3, 'number of replicas of each object'),
  partPower: number(10, 'the ring has 2^partPower partitions; cannot be changed once data is stored'),
  secret: text('', 'secret shared by agents and proxies on all hosts; empty: generated with var/'),
};

/** Returns the ring of the settings and saves it, with its generated secret, in var/object-ring.json. Throws BadSettings. */
export function readRing(settings: Settings): Ring {
  const cloud = readCloud(settings);
  const { devices, replicas, partPower, secret } = settings.read('object-ring', ringSection);
  if (!isPartPower(partPower)) throw new BadSettings(`object-ring.partPower: expected 1 to 20, found ${partPower}`);
  const parsed = devices.map((device) => deviceOf(device, cloud.address));
  return saveRing(cloud.var, { devices: parsed, replicas, partPower, secret });
}

/** Parses `z1-10.0.0.1:6210/sdb 100`, the notation of Swift's ring builder. */
function deviceOf(text: string, address: string): Device {
  const found = text.match(/^([^-\s]+)-([^\s/]*):(\d+)\/([\w.-]+)(?:\s+([\d.]+))?$/);
  if (!found) throw new BadSettings(`object-ring.devices: expected "zone-host:port/directory weight", found ${text}`);
  const [, zone = '', host = '', port = '', name = '', weight = '100'] = found;
  const key = `${zone}-${host}:${port}/${name}`;
  return { key, zone, address: `${host || address}:${port}`, name, weight: Number(weight) };
}
