/** The section `object-ring`: proxies and agents must agree on it. */
import { readCloud } from '#shared/config/cloud.ts';
import { BadSettings, list, number, type Settings, text } from '#shared/config/settings.ts';
import type { Device, Ring } from './ring.ts';
import { partPowerRange, savedRing } from './ring-file.ts';

export const ringSection = {
  devices: list(
    ['z1-:6210/d1', 'z2-:6210/d2', 'z3-:6210/d3'],
    'devices of the ring: zone-host:port/directory weight; without host: the address of the cloud; without weight: 100',
  ),
  replicas: number(3, 'number of replicas of each object'),
  partPower: number(10, 'the ring has 2^partPower partitions; cannot be changed once data is stored'),
  secret: text('', 'secret shared by agents and proxies on all hosts; empty: generated with var/'),
};

/** The ring of the settings; var/object-ring.json keeps it, and the secret made for it. */
export function readRing(settings: Settings): Ring {
  const cloud = readCloud(settings);
  const { devices, replicas, partPower, secret } = settings.read('object-ring', ringSection);
  if (!partPowerRange(partPower)) throw new BadSettings(`object-ring.partPower: expected 1 to 20, found ${partPower}`);
  const parsed = devices.map((words) => deviceOf(words, cloud.address));
  return savedRing(cloud.var, { devices: parsed, replicas, partPower, secret });
}

/** `z1-10.0.0.1:6210/sdb 100`, as Swift's ring builder takes it. */
function deviceOf(words: string, address: string): Device {
  const found = words.match(/^([^-\s]+)-([^\s/]*):(\d+)\/([\w.-]+)(?:\s+([\d.]+))?$/);
  if (!found) throw new BadSettings(`object-ring.devices: expected "zone-host:port/directory weight", found ${words}`);
  const [, zone = '', host = '', port = '', name = '', weight = '100'] = found;
  const key = `${zone}-${host}:${port}/${name}`;
  return { key, zone, address: `${host || address}:${port}`, name, weight: Number(weight) };
}
