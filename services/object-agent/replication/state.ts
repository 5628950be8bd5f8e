/** What an agent says of one of its devices. */
import { join } from 'node:path';
import type { DeviceState } from '#shared/contracts/object-device.ts';
import type { AgentContext } from '../context.ts';
import { capacityOf, type Disk, namesIn } from '../drivers/device.ts';

export const stateOf = ({ ring, repair }: AgentContext, disk: Disk): DeviceState => ({
  ringVersion: ring.version ?? 0,
  ...capacityOf(disk),
  unannounced: filesIn(disk, 'async_pending'),
  quarantined: filesIn(disk, 'quarantined'),
  repair: repair.progressOf(disk.name),
});

/** The number of entries two levels below. */
const filesIn = ({ root }: Disk, folder: string): number =>
  namesIn(join(root, folder)).reduce((sum, name) => sum + namesIn(join(root, folder, name)).length, 0);
