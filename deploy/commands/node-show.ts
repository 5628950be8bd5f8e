import type { Command } from '../command.ts';
import { contentsOf, describeContents, listAgents } from '../rack/contents.ts';
import { durationOf, getNode, stateOf, tableOf, withNodes } from '../rack/nodes.ts';

export const command: Command = ({ args: [name] }) =>
  withNodes(async ({ registry, admin }) => {
    const node = await getNode(registry, name);
    const [agents, contents] = await Promise.all([listAgents(admin), contentsOf(admin, node)]);
    const { report } = node;
    const rows = [
      ['node', node.name],
      ['host id', node.hostId],
      ['roles', node.roles.join(', ')],
      ['state', stateOf(node, agents)],
      ['last seen', `${durationOf(Date.now() - node.seenAt)} ago`],
      ['joined', new Date(node.joinedAt).toISOString()],
      ['started', new Date(report.startedAt).toISOString()],
      ['version', report.version],
      ['address', node.address],
      ['storage', node.storageAddress],
      ['tunnels', node.tunnelAddress],
      ['external NIC', node.externalNic || 'none'],
      ['certificate', node.serial],
      ...report.disks.map(({ path, freeGb, totalGb }) => ['disk', `${path}: ${freeGb} of ${totalGb} GB free`]),
      ...describeContents(contents).map((line) => ['has', line]),
    ];
    process.stdout.write(tableOf(rows));
    return 0;
  });
