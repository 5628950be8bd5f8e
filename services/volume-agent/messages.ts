/** Entry point 2, the bus: calls that the host answers at once. */
import { type Bus, type Off, requireSender, type Sender } from '#shared/bus/bus.ts';
import { callAddress, type VolumeCalls } from '#shared/contracts/volume-agent.ts';
import type { VolumeStore } from './drivers/driver.ts';

export function registerCalls(bus: Bus, host: string, store: Pick<VolumeStore, 'listUnmanaged'>): Off[] {
  const listUnmanaged = async (_: null, sender: Sender): Promise<VolumeCalls['listUnmanaged']['reply']> => {
    requireSender(sender, 'volume');
    return store.listUnmanaged();
  };
  return [bus.onCall(callAddress(host, 'listUnmanaged'), listUnmanaged)];
}
