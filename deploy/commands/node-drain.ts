import { type Command, Refusal } from '../command.ts';
import { contentsOf, describeContents, setScheduling } from '../rack/contents.ts';
import { getNode, withNodes } from '../rack/nodes.ts';
import { followNodes } from '../rack/registry/ring-settings.ts';

export const command: Command = ({ args: [name], given }) =>
  withNodes(async ({ registry, admin }) => {
    const node = await getNode(registry, name);
    const drained = given.undo !== true;
    if (drained && node.roles.join() === 'management')
      throw new Refusal(`${node.name} is a management node: nothing is scheduled there`);
    await setScheduling(admin, node.name, !drained);
    await registry.saveNode({ ...node, drained, drainedAt: Date.now() });
    await followNodes(registry);
    if (!drained) {
      process.stdout.write(`${node.name} is used again.\n`);
      return 0;
    }
    const left = describeContents(await contentsOf(admin, node));
    const lines = left.length > 0 ? ['still there:', ...left.map((line) => `  ${line}`)] : ['nothing is there.'];
    if (node.devices.length > 0) lines.push('Data of the object ring moves away with wattle ring rebalance.');
    process.stdout.write(`${node.name} gets nothing new; ${lines.join('\n')}\n`);
    return 0;
  });
