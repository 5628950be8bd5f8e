import { type Command, Refusal } from '../command.ts';
import { brokerOptions, revokeNodeUsers } from '../rack/backends.ts';
import { contentsOf, deleteAgents, describeContents, setScheduling } from '../rack/contents.ts';
import { durationOf, getNode, isUp, withNodes } from '../rack/nodes.ts';
import { isManagement } from '../rack/peers.ts';
import { retire } from '../rack/registry/admit.ts';
import type { NodeRow } from '../rack/registry/store.ts';
import type { Home } from '../settings.ts';
import { forgetBroker } from '../split/rabbitmq.ts';

/** Every node reads the changed ring within this time. */
const ringSettledMs = 30_000;

export const command: Command = ({ args: [name], yes, given }) =>
  withNodes(async ({ registry, admin, node: first, path, home }) => {
    const node = await getNode(registry, name);
    if (node.name === first.name)
      throw new Refusal(`${node.name} is this host: run this on another management node, after wattle stop here`);
    if (isManagement(node) && isUp(node))
      throw new Refusal(`${node.name} has a database server and a broker that are up: wattle stop there first`);
    if (node.devices.length > 0 && given.force !== true) requireDrainedRing(node);
    const left = describeContents(await contentsOf(admin, node));
    if (left.length > 0 && given.force !== true)
      throw new Refusal(`${node.name} still has ${left.join('; ')}; drain it and move or delete these first`);
    if (left.length > 0 && isUp(node))
      throw new Refusal(`${node.name} is up and has ${left.join('; ')}; --force is for a node that is lost for good`);
    if (!yes)
      throw new Refusal(`this ends the membership of ${node.name} in cloud ${first.cloudId}; confirm with --yes`);
    await setScheduling(admin, node.name, false);
    if (isManagement(node)) await forgetBroker(brokerOptions(path, first, []), node.name);
    await retire({ registry, revokeBrokerUsers: (leaving) => revokeNodeUsers(path, first, leaving) }, node.name);
    if (left.length === 0) {
      await deleteAgents(admin, node.name);
      if (node.roles.includes('volume')) await deleteVolumeHost(home, node.name);
    }
    process.stdout.write(`${node.name} is no node any more: its certificate and passwords are revoked.\n`);
    return 0;
  });

/** A device of the ring may get data until it has no weight on every node, and its node has reported since. */
function requireDrainedRing({ name, drained, drainedAt = 0, seenAt }: NodeRow): void {
  if (!drained)
    throw new Refusal(`${name} has a device of the object ring: wattle node drain ${name} moves its data first`);
  if (seenAt < drainedAt + ringSettledMs)
    throw new Refusal(
      `${name} was drained ${durationOf(Date.now() - drainedAt)} ago and has not reported since: try again in a minute`,
    );
}

/** Cinder's API cannot delete a service. */
async function deleteVolumeHost({ settings }: Home, name: string): Promise<void> {
  const { removeHost } = await import('../../services/volume/hosts/remove.ts');
  await removeHost(settings, name);
}
