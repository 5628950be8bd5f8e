import type { Command } from '../command.ts';
import { stopAll } from '../processes/stop-all.ts';
import { findHome } from '../settings.ts';

export const command: Command = async () => {
  const home = await findHome();
  const stopped = home ? await stopAll(home) : [];
  process.stdout.write(
    stopped.length > 0
      ? `Stopped: ${stopped.join(', ')}. Guests keep running.\n`
      : 'No process of Wattle is running.\n',
  );
  return 0;
};
