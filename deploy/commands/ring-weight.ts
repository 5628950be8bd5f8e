import { changed } from '#shared/ring/placement.ts';
import { type Command, Refusal } from '../command.ts';
import { findDevice } from '../ring/describe.ts';
import { withRing } from '../ring/open-ring.ts';

export const command: Command = ({ args: [text, number] }) =>
  withRing(async ({ placement, save }) => {
    const device = findDevice(placement, text);
    if (number === undefined || !/^\d+(\.\d+)?$/.test(number)) throw new Refusal('a weight is missing: 0, 100, 250.5');
    const weight = Number(number);
    const devices = placement.devices.map((each) => (each === device ? { ...each, weight } : each));
    await save(changed(placement, { devices }));
    process.stdout.write(`${device.key} has weight ${weight}; wattle ring plan prints what would move.\n`);
    return 0;
  });
