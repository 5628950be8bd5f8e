/** Identity as a process of its own, for who wants to kill it: its settings come as JSON, and it says when it is ready. */
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf } from '#shared/config/settings.ts';
import { silentLog } from '#shared/log/log.ts';
import { start } from '../../services/identity/service.ts';

await start({ settings: settingsOf(JSON.parse(process.argv[2] ?? '{}')), log: silentLog(), bus: memoryBus() });
process.stdout.write('ready\n');
