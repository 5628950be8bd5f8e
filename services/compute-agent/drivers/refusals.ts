/** Refusals that all drivers have in common. */
import { conflict } from '#shared/errors/fault.ts';

export const notRunning = (id: string) => conflict(`Instance ${id} is not running.`);

export const noGuestAgent = (id: string) =>
  conflict(
    `QEMU guest agent is not enabled on instance ${id}: its image needs the property hw_qemu_guest_agent=yes, and the agent must run in it.`,
  );
