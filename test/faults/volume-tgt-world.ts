/** The same service and files, exported by a tgtd that survives each kill. */
import { silentLog } from '#shared/log/log.ts';
import { findDetached } from '#shared/process/detached.ts';
import { stopDaemon } from '../../services/volume-agent/drivers/tgt/daemon.ts';
import { openTgt } from '../../services/volume-agent/drivers/tgt/exports.ts';
import { askTgtd } from '../../services/volume-agent/drivers/tgt/socket.ts';
import { freePort } from '../fakes/free-port.ts';
import { worldOf } from './volume-world.ts';

export const world = worldOf(
  {
    open: async (directory) =>
      openTgt({ directory, portal: `127.0.0.1:${await freePort()}`, watchMs: 1_000, log: silentLog() }),
    /** Counts the remaining targets and accounts, then stops tgtd. */
    count: async (directory) => {
      if (findDetached('tgtd', directory).length === 0) return 0;
      const targets = await askTgtd(directory, { mode: 'target', op: 'show', tid: -1 });
      const accounts = await askTgtd(directory, { mode: 'account', op: 'show' });
      await stopDaemon(directory);
      const made = targets.match(/^Target \d+: /gm)?.length ?? 0;
      return made + accounts.split('\n').filter((line) => /^\s+\w/.test(line) && !/guard/.test(line)).length;
    },
  },
  ['K18, K19, K24, K25: a volume is attached and detached'],
);
