/** The network agent of a simulated host, in a process of its own. */
import { settingsOf } from '#shared/config/settings.ts';
import { openLog, silentLog } from '#shared/log/log.ts';
import { start } from '../../services/network-agent/service.ts';
import { processBus } from '../fakes/process-bus.ts';

const settings = settingsOf(JSON.parse(process.argv[2] ?? '{}'));
const log = process.env.WATTLE_TEST_LOG ? openLog({ pid: process.pid }) : silentLog();
await start({ settings, log, bus: processBus() });
process.send?.({ kind: 'started', pid: process.pid });
process.on('disconnect', () => process.exit(0));
