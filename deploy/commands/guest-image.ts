import type { Command } from '../command.ts';
import { ensureGuestImage } from '../guest-image/guest-image.ts';

export const command: Command = async ({ args: [file] }) => {
  const image = await ensureGuestImage(file);
  process.stdout.write(`${image}\n`);
  return 0;
};
