import type { Command } from '../command.ts';
import { listAgents } from '../rack/contents.ts';
import { describeMajority, durationOf, isUp, stateOf, tableOf, withNodes } from '../rack/nodes.ts';

/** Returns 1 when a node is down. */
export const command: Command = () =>
  withNodes(async ({ registry, admin }) => {
    const nodes = await registry.listNodes();
    const agents = await listAgents(admin).catch((error: Error) => {
      process.stderr.write(
        `The APIs do not answer (${error.message}): STATE has what nodes reported to the registry alone.\n`,
      );
      return [];
    });
    const now = Date.now();
    const rows = nodes.map((node) => {
      const { name, roles, address, seenAt, report } = node;
      const disks = report.disks.map(({ freeGb, totalGb }) => `${freeGb}/${totalGb}`).join(' ');
      const uptime = isUp(node, now) ? durationOf(now - report.startedAt) : '';
      return [
        name,
        roles.join(','),
        address,
        stateOf(node, agents),
        durationOf(now - seenAt),
        report.version,
        uptime,
        disks,
      ];
    });
    const head = ['NODE', 'ROLES', 'ADDRESS', 'STATE', 'SEEN', 'VERSION', 'UPTIME', 'DISKS (GB FREE/TOTAL)'];
    process.stdout.write(`${tableOf([head, ...rows])}\n${describeMajority(nodes, now)}\n`);
    return nodes.every((node) => isUp(node, now)) ? 0 : 1;
  });
