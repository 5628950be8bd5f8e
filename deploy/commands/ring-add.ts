import { parseDevice } from '#shared/ring/device.ts';
import { changed } from '#shared/ring/placement.ts';
import { type Command, Refusal } from '../command.ts';
import { withRing } from '../ring/open-ring.ts';

/** A new device gets replicas that have none yet; those of other devices come with `wattle ring rebalance`. */
export const command: Command = ({ args: [text] }) =>
  withRing(async ({ home, placement, save }) => {
    if (!text) throw new Refusal('a device is missing: "zone-host:port/directory weight"');
    const device = parseDevice(text, home.cloud.address);
    const same = placement.devices.find(
      ({ key, name, address }) => key === device.key || (name === device.name && address === device.address),
    );
    if (same) throw new Refusal(`the ring has ${same.key} already`);
    await save(changed(placement, { devices: [...placement.devices, device] }));
    process.stdout.write(`${device.key} is in the ring; wattle ring plan prints what would move there.\n`);
    return 0;
  });
