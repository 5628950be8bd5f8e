import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition. Polls less often the longer it takes, to leave the CPU to what it waits for. */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (let ms = 5; !(await holds()); ms = Math.min(2 * ms, 100)) {
    assert.ok(Date.now() < deadline, `never came true: ${holds}`);
    await sleep(ms);
  }
}
