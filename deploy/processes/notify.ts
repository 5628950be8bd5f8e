/** Tells systemd that this process is ready: units of Type=notify. Children must not, so the variable ends here. */
import { childEnvironment } from '#shared/process/child-environment.ts';
import { tryRun } from '#shared/process/run.ts';

const socket = process.env.NOTIFY_SOCKET;
delete process.env.NOTIFY_SOCKET;

export async function notifyReady(): Promise<void> {
  if (socket === undefined) return;
  const env = { ...childEnvironment(), NOTIFY_SOCKET: socket } as Record<string, string>;
  await tryRun(['systemd-notify', '--ready'], { env }).catch(() => {}); // systemd gives up after TimeoutStartSec
}
