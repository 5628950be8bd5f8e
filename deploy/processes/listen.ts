/** Whether a cloud that has just been started works: its doors answer, its hosts have reported. */
import { openAdmin, waitForAgents } from '../agents.ts';
import { waitForDoors } from '../answers.ts';
import type { Door } from '../doors.ts';
import type { Home } from '../settings.ts';

interface Heard {
  /** The doors that stayed shut, and the agents of `wanted` that did not report. */
  silent(wanted: readonly string[]): Promise<string[]>;
}

/** Resolves when all doors answer or `until` aborts. Where identity is one of them it logs in before the others open. */
export async function listen(home: Home, doors: readonly Door[], until: AbortSignal): Promise<Heard> {
  const identity = doors.find(({ name }) => name === 'identity');
  const admin = identity && openAdmin(home, `${identity.url}/v3`);
  const first = await waitForDoors(identity ? [identity] : [], until);
  await admin?.token().catch(() => {}); // who asks next says why not
  const others = await waitForDoors(
    doors.filter((door) => door !== identity),
    until,
  );
  const shut = [...first, ...others].map(({ name }) => name);
  return { silent: async (wanted) => [...shut, ...(admin ? await waitForAgents(admin, doors, wanted, until) : [])] };
}
