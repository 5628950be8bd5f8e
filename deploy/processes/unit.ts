/** The systemd unit that runs the cloud of this host: installed from a package, on a host with systemd. */
import { existsSync } from 'node:fs';
import { run, tryRun } from '#shared/process/run.ts';
import { Refusal } from '../command.ts';

/** Undefined in a clone, in a container without systemd, and for a user without root. */
export function findUnit(): string | undefined {
  const unit = process.env.WATTLE_UNIT;
  return unit && process.getuid?.() === 0 && existsSync('/run/systemd/system') ? unit : undefined;
}

/** Resolves when the cloud is ready. Throws Refusal. */
export async function startUnit(unit: string): Promise<void> {
  const { code } = await tryRun(['systemctl', 'start', unit], { timeoutMs: 660_000 });
  if (code !== 0) throw new Refusal(`${unit} does not start; see: journalctl -u ${unit}`);
}

/** Otherwise systemd would start again what `wattle stop` ends. Returns false when it is not running. */
export async function stopUnit(unit: string): Promise<boolean> {
  if ((await tryRun(['systemctl', 'is-active', '--quiet', unit])).code !== 0) return false;
  await run(['systemctl', 'stop', unit], { timeoutMs: 120_000 });
  return true;
}
