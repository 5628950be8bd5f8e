/** Which policy a network or a port gets. */
import type { Caller } from '#shared/auth/caller.ts';
import type { Network } from '../context.ts';
import { invalidInput } from '../resources/values.ts';
import { policyRows } from './resource.ts';

/** Throws the 404 of a policy that the caller may not see. */
export async function requirePolicy({ db }: Network, caller: Caller, id: string | null | undefined): Promise<void> {
  if (id) await policyRows.find(db, caller, id);
}

/** Of a new network: the policy that is asked for, or the default one of its project. */
export async function policyForNetwork(
  network: Network,
  caller: Caller,
  id: string | null | undefined,
  projectId: string,
): Promise<string | null> {
  await requirePolicy(network, caller, id);
  if (id !== undefined) return id;
  const [standard] = await policyRows.where(network.db, { projectId, isDefault: true });
  return standard?.id ?? null;
}

/** Hosts limit the ports of guests; those of routers and DHCP have no limit. */
export function refusePolicyOf(deviceOwner: string, qosPolicyId: string | null | undefined): void {
  if (qosPolicyId && deviceOwner.startsWith('network:'))
    throw invalidInput(`qos_policy_id is not supported for a port with device_owner ${deviceOwner}`);
}
