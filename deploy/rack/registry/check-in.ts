/** A node reports itself, and learns the settings of the cloud. A node that does not fit is refused by what differs. */
import { Refusal } from '../../command.ts';
import { type RegistryContext, settingsOf } from './admit.ts';
import type { CheckInAnswer, CheckInRequest } from './protocol.ts';
import { digestsOf, secretNamesOf } from './secrets-of.ts';
import { settingsFor } from './settings-of.ts';
import type { NodeRow } from './store.ts';

/** `serial` is that of the certificate of the connection. Throws Refusal, whose message lists all that differs. */
export async function checkIn(
  context: RegistryContext,
  caller: { readonly name: string; readonly serial: string },
  { cloudId, hostId, report }: CheckInRequest,
): Promise<CheckInAnswer> {
  const { registry, now } = context;
  const node = await getCaller(context, caller);
  const differences = [
    ...(cloudId === context.cloudId ? [] : [`cloud id: ${cloudId} here, ${context.cloudId} in the cloud`]),
    ...(hostId === node.hostId ? [] : [`host id: ${hostId} here, ${node.hostId} in the cloud`]),
    ...(report.bootId === node.formerBootId
      ? [`host id: another host with the same identity started after this one; is this a copy of its disk?`]
      : []),
    ...differingSecrets(context, node, report.secrets),
    ...differingVersion(context.version, report.version),
  ];
  if (differences.length > 0) throw new Refusal(`node ${node.name} does not fit the cloud: ${differences.join('; ')}`);
  const { formerSerial: _, ...settled } = node;
  const known = caller.serial === node.serial ? settled : node;
  const boots = report.bootId === node.bootId ? {} : { bootId: report.bootId, formerBootId: node.bootId };
  await registry.saveNode({ ...known, ...boots, seenAt: now(), report });
  return { settings: settingsFor(await settingsOf(context), node.roles) };
}

/** The node that a certificate belongs to: its present one, or the one before while it has not used that yet. */
export async function getCaller(
  { registry, cloudId }: Pick<RegistryContext, 'registry' | 'cloudId'>,
  { name, serial }: { readonly name: string; readonly serial: string },
): Promise<NodeRow> {
  const node = await registry.findNode({ name });
  if (node && [node.serial, node.formerSerial].includes(serial)) return node;
  throw new Refusal(`node ${name} was removed from cloud ${cloudId}: its certificate is no longer valid`);
}

function differingSecrets(
  { path }: RegistryContext,
  node: Parameters<typeof secretNamesOf>[1],
  given: Readonly<Record<string, string>>,
): string[] {
  const expected = digestsOf(path, secretNamesOf(path, node));
  const differing = Object.entries(expected).filter(
    ([name, digest]) => given[name] !== digest && !(given[name] === undefined && isDerived(name)),
  );
  return differing.map(
    ([name]) => `secret ${name}: ${given[name] === undefined ? 'missing here' : 'another one here'}`,
  );
}

/** Of a service that the release of the node does not have yet: its upgrade derives the secret from the administrator's. */
const isDerived = (name: string): boolean =>
  /^(database|bus)-[a-z-]+$/.test(name) && !['database-administrator', 'bus-cookie'].includes(name);

/** Nodes may be one minor version apart while the cloud is upgraded, one node at a time. */
function differingVersion(cloud: string, here: string): string[] {
  const [major, minor] = numbersOf(cloud);
  const [ownMajor, ownMinor] = numbersOf(here);
  const fits = major === ownMajor && Math.abs(minor - ownMinor) <= 1;
  return fits ? [] : [`version: ${here} here, ${cloud} on the management node`];
}

const numbersOf = (version: string): [number, number] => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return [major, minor];
};
