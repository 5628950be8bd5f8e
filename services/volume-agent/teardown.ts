/** `wattle down` on a storage host: removes the targets and keeps the volumes. */
import { readCloud } from '#shared/config/cloud.ts';
import type { Runtime } from '#shared/service/runtime.ts';
import { directoryOf, section } from './config.ts';
import { stopDaemon } from './drivers/tgt/daemon.ts';

export async function teardown({ settings }: Pick<Runtime, 'settings'>): Promise<void> {
  await stopDaemon(directoryOf(readCloud(settings), settings.read('volume-agent', section)));
}
