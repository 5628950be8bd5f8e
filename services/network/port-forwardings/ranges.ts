/** Ranges of ports in bodies and rows. Pure. */
import { badResource } from '../resources/values.ts';

export interface Ports {
  readonly externalFirst: number;
  readonly externalLast: number;
  readonly internalFirst: number;
  readonly internalLast: number;
}

interface Asked {
  readonly externalPort?: number | null;
  readonly externalPortRange?: string | null;
  readonly internalPort?: number | null;
  readonly internalPortRange?: string | null;
}

/** The kernel gets one element for each port of a range that leads to other numbers. */
const longestShifted = 1000;

const refuse = (why: string) => badResource('port_forwarding', why);

export function portsOf(asked: Asked, before?: Ports): Ports {
  const external = rangeOf('external', asked.externalPort, asked.externalPortRange);
  const internal = rangeOf('internal', asked.internalPort, asked.internalPortRange);
  const [externalFirst, externalLast] =
    external ?? known(before && [before.externalFirst, before.externalLast], 'external');
  const [internalFirst, internalLast] =
    internal ?? known(before && [before.internalFirst, before.internalLast], 'internal');
  const [outside, inside] = [externalLast - externalFirst, internalLast - internalFirst];
  if (inside > 0 && inside !== outside)
    throw refuse(
      `The external port range of ${outside + 1} ports needs an internal one of as many ports, or a single port, not ${inside + 1}`,
    );
  if (inside > longestShifted && internalFirst !== externalFirst)
    throw refuse(`A range of more than ${longestShifted} ports leads to the same ports only`);
  return { externalFirst, externalLast, internalFirst, internalLast };
}

function known(range: readonly [number, number] | undefined, side: string): readonly [number, number] {
  if (range) return range;
  throw refuse(`${side}_port or ${side}_port_range is required`);
}

function rangeOf(side: string, port?: number | null, range?: string | null): readonly [number, number] | undefined {
  const [first = '', last = first] = range?.split(':') ?? [];
  if (range && port && String(port) !== first)
    throw refuse(`${side}_port ${port} and ${side}_port_range ${range} are not the same`);
  if (!range) return port ? [port, port] : undefined;
  const [from, to] = [Number(first), Number(last)];
  if (from < 1 || to > 65_535 || from > to)
    throw refuse(`Invalid port range '${range}' for ${side}_port_range: it is from 1:65535`);
  return [from, to];
}

export const overlapping = (one: Ports, other: Ports): boolean =>
  one.externalFirst <= other.externalLast && other.externalFirst <= one.externalLast;

const side = (name: 'external' | 'internal', first: number, last: number) => ({
  [`${name}Port`]: first === last ? first : undefined,
  [`${name}PortRange`]: `${first}:${last}`,
});

export const portsView = ({ externalFirst, externalLast, internalFirst, internalLast }: Ports) => ({
  ...side('external', externalFirst, externalLast),
  ...side('internal', internalFirst, internalLast),
});
