import { sharesOf } from '#shared/ring/moves.ts';
import { changed } from '#shared/ring/placement.ts';
import { type Command, Refusal } from '../command.ts';
import { findDevice } from '../ring/describe.ts';
import { withRing } from '../ring/open-ring.ts';

export const command: Command = ({ args: [text], given, yes }) =>
  withRing(async ({ placement, save }) => {
    const device = findDevice(placement, text);
    const { has = 0 } = sharesOf(placement).find((share) => share.device === device) ?? {};
    if (has > 0 && given.force !== true)
      throw new Refusal(
        `${device.key} has ${has} replicas: wattle ring weight ${device.key} 0 and wattle ring rebalance move them; --force is for a disk that is lost`,
      );
    if (has > 0 && !yes)
      throw new Refusal(
        `${has} replicas are made again on other devices, from those that are left; confirm with --yes`,
      );
    const devices = placement.devices.filter((each) => each !== device);
    await save(changed(placement, { devices }));
    process.stdout.write(`${device.key} has left the ring.\n`);
    return 0;
  });
