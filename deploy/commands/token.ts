import { type Command, Refusal, textOption } from '../command.ts';
import { parseRoles } from '../rack/node-roles.ts';
import { withRegistry } from '../rack/open-registry.ts';
import { createToken } from '../rack/registry/admit.ts';
import { registryPort } from '../rack/registry/protocol.ts';
import { parseDuration } from '../rack/token.ts';

const maxTtlMs = 7 * 86_400_000;

/** Prints the token alone, so that it can be piped. */
export const command: Command = async (options) => {
  const roles = parseRoles(options.roles);
  const ttlMs = parseDuration(textOption(options, 'ttl') ?? '1h');
  const uses = Number(textOption(options, 'uses') ?? '1');
  if (ttlMs > maxTtlMs) throw new Refusal('--ttl is at most 7d: a token lets a host in');
  if (!Number.isInteger(uses) || uses < 1 || uses > 100) throw new Refusal('--uses is a number from 1 to 100');
  const token = await withRegistry(({ registry, path, node }) =>
    createToken({ registry, path, now: Date.now }, { roles, ttlMs, uses, address: `${node.address}:${registryPort}` }),
  );
  process.stdout.write(`${token}\n`);
  return 0;
};
