/**
 * Why work failed, in two ways. Administrators are told all of it. Others are told what they can act on, and nothing of
 * where things lie: no host, pool, path, address or word of a back end's programs.
 */
import type { VolumeAgent } from '#shared/contracts/volume-agent.ts';
import { Fault } from '#shared/errors/fault.ts';
import type { Hosts } from '#shared/hosts/hosts.ts';

/** A host's refusal of 4xx is about what was asked, and is told as it is. All else keeps the host's name in front. */
export const withPlainRefusals = (hosts: Hosts<VolumeAgent>): Hosts<VolumeAgent> => ({
  on: (host, run) => {
    const agent = hosts.on(host, run);
    const plain = (error: unknown): never => {
      if (!(error instanceof Fault) || error.status >= 500) throw error;
      throw new Fault(error.status, error.kind, error.message.replace(`Host ${host}: `, ''));
    };
    const verbs = Object.entries(agent).map(([verb, ask]) => [verb, (wish: never) => ask(wish).catch(plain)]);
    return Object.fromEntries(verbs) as VolumeAgent;
  },
});

const classes: readonly (readonly [RegExp, string])[] = [
  [/No valid backend was found/, 'No storage has room for it and is of its type.'],
  [/disk is full|room (?:is|are) kept back/, 'The storage has no room left, nothing was written.'],
  [/did not answer within/, 'The storage did not answer in time.'],
  [/was not done within/, 'It was not done in time.'],
];

const internal = /^Host |\/(?:var|dev|tmp|proc|etc|home|root|mnt|srv|opt|run)\b|\d+\.\d+\.\d+\.\d+|iqn\.|qemu|tgtd/i;

/** For who is no administrator. */
export function publicReason(reason: string): string {
  const known = classes.find(([pattern]) => pattern.test(reason));
  if (known) return known[1];
  return internal.test(reason) ? 'The storage could not do it. An administrator can see why.' : reason;
}
