import { type Command, Refusal, textOption } from '../command.ts';
import { getNode, isUp, withNodes } from '../rack/nodes.ts';
import { createToken } from '../rack/registry/admit.ts';
import { registryPort } from '../rack/registry/protocol.ts';
import { parseDuration } from '../rack/token.ts';

/** Prints the token on standard output, and how to use it on standard error, so that the token can be piped. */
export const command: Command = (options) =>
  withNodes(async ({ registry, path, node: first }) => {
    const node = await getNode(registry, options.args[0]);
    if (isUp(node)) throw new Refusal(`${node.name} is up: drain and remove it, or pull its plug first`);
    const ttlMs = parseDuration(textOption(options, 'ttl') ?? '1h');
    const { roles } = node;
    const token = await createToken(
      { registry, path, now: Date.now },
      { roles, ttlMs, uses: 1, address: `${first.address}:${registryPort}` },
    );
    process.stderr.write(
      `On the new host: wattle join - --role ${roles.join(',')} --replaces ${node.name} --yes, with this token on standard input:\n`,
    );
    process.stdout.write(`${token}\n`);
    return 0;
  });
