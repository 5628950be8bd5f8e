/** An agent process that does the work it reads from standard input, and may be killed at any time. */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { linuxDriver } from '../../services/network-agent/drivers/linux/driver.ts';
import { namesOf } from '../../services/network-agent/drivers/linux/names.ts';
import { memoryBus } from '../../shared/bus/memory.ts';
import { silentLog } from '../../shared/log/log.ts';

const [cloudId = '', stateDir = '', tunnelAddress = '127.0.0.1'] = process.argv.slice(2);
const work = JSON.parse(await text(process.stdin)) as [string, unknown][];
process.stdout.write('begins\n');
const driver = await linuxDriver({
  names: namesOf(cloudId),
  stateDir,
  bus: memoryBus(),
  log: silentLog(),
  tunnelAddress,
  vxlanPort: 4789,
  wires: new Map(),
  upstream: [],
  hostEndpoints: [],
  healMs: 60_000,
});
for (const [verb, spec] of work) await insist(() => driver[verb as 'ensurePort'](spec as never));
await driver.close();

/** Work whose attempt failed stays open and is retried. */
async function insist(attempt: () => Promise<unknown>): Promise<unknown> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 5) throw error;
      await sleep(100);
    }
  }
}
