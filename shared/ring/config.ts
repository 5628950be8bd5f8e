/** The section `object-ring`, which must be the same on all proxies and agents. */
import { readCloud } from '#shared/config/cloud.ts';
import { BadSettings, list, number, type Settings, text } from '#shared/config/settings.ts';
import { parseDevice } from './device.ts';
import type { Given } from './placement.ts';
import type { Ring } from './ring.ts';
import { isPartPower, saveRing } from './ring-file.ts';

export const ringSection = {
  devices: list(
    ['z1-:6210/d1', 'z2-:6210/d2', 'z3-:6210/d3'],
    'devices of the ring: zone-host:port/directory weight; without host: the address of the cloud; without weight: 100',
  ),
  replicas: number(3, 'number of replicas of each object'),
  partPower: number(10, 'the ring has 2^partPower partitions; cannot be changed once data is stored'),
  minPartHours: number(1, 'time between two moves of replicas of one partition'),
  secret: text('', 'secret shared by agents and proxies on all hosts; empty: generated with var/'),
  placement: text('', 'where the replicas are, in a rack: written by wattle ring, not by hand'),
};

/** Returns the ring of the settings and saves it, with its generated secret, in var/object-ring.json. Throws BadSettings. */
export function readRing(settings: Settings): Ring {
  const { secret, placement } = settings.read('object-ring', ringSection);
  return saveRing(readCloud(settings).var, givenRing(settings), { secret, placement });
}

/** What the settings say of the ring. Throws BadSettings. */
export function givenRing(settings: Settings): Given {
  const { devices, replicas, partPower } = settings.read('object-ring', ringSection);
  if (!isPartPower(partPower)) throw new BadSettings(`object-ring.partPower: expected 1 to 20, found ${partPower}`);
  const { address } = readCloud(settings);
  return { devices: devices.map((device) => parseDevice(device, address)), replicas, partPower };
}
