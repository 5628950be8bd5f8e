import { Fault } from '#shared/errors/fault.ts';
import { type Handler, ok, type Route } from '#shared/http/route.ts';
import { own } from '#shared/input/own.ts';
import type { Compute } from '../context.ts';

/** Extensions are part of the API since 2.1; clients still check for some of them by alias. */
const aliases: Readonly<Record<string, string>> = {
  NMN: 'Multinic',
  'OS-DCF': 'DiskConfig',
  'OS-EXT-AZ': 'ExtendedAvailabilityZone',
  'OS-EXT-IPS': 'ExtendedIps',
  'OS-EXT-IPS-MAC': 'ExtendedIpsMac',
  'OS-EXT-SRV-ATTR': 'ExtendedServerAttributes',
  'OS-EXT-STS': 'ExtendedStatus',
  'OS-FLV-DISABLED': 'FlavorDisabled',
  'OS-FLV-EXT-DATA': 'FlavorExtraData',
  'OS-SCH-HNT': 'SchedulerHints',
  'OS-SRV-USG': 'ServerUsage',
  'os-admin-actions': 'AdminActions',
  'os-aggregates': 'Aggregates',
  'os-attach-interfaces': 'AttachInterfaces',
  'os-availability-zone': 'AvailabilityZone',
  'os-block-device-mapping-v2-boot': 'BlockDeviceMappingV2Boot',
  'os-config-drive': 'ConfigDrive',
  'os-console-output': 'ConsoleOutput',
  'os-consoles': 'Consoles',
  'os-extended-volumes': 'ExtendedVolumes',
  'os-flavor-access': 'FlavorAccess',
  'os-flavor-extra-specs': 'FlavorExtraSpecs',
  'os-flavor-manage': 'FlavorManage',
  'os-hypervisors': 'Hypervisors',
  'os-instance-actions': 'InstanceActions',
  'os-keypairs': 'Keypairs',
  'os-multiple-create': 'MultipleCreate',
  'os-pause-server': 'PauseServer',
  'os-quota-class-sets': 'QuotaClasses',
  'os-quota-sets': 'Quotas',
  'os-security-groups': 'SecurityGroups',
  'os-server-external-events': 'ServerExternalEvents',
  'os-server-start-stop': 'ServerStartStop',
  'os-services': 'Services',
  'os-simple-tenant-usage': 'SimpleTenantUsage',
  'os-used-limits': 'UsedLimits',
  'os-user-data': 'UserData',
  'os-volumes': 'Volumes',
};

const extensionOf = (alias: string, name: string) => ({
  alias,
  name,
  description: `${name} is part of the API.`,
  links: [],
  namespace: 'http://docs.openstack.org/compute/ext/fake_xml',
  updated: '2014-12-03T00:00:00Z',
});

const listExtensions: Handler<Compute> = async () =>
  ok({ extensions: Object.entries(aliases).map(([alias, name]) => extensionOf(alias, name)) });

const showExtension: Handler<Compute, unknown, 'id'> = async (_compute, { params }) => {
  const alias = params.id;
  const name = own(aliases, alias);
  if (name === undefined) throw new Fault(404, 'notFound', `Extension ${alias} was not found.`);
  return ok({ extension: extensionOf(alias, name) });
};

export const extensionRoutes: Route<Compute>[] = [
  { method: 'get', path: '/v2.1/extensions', handler: listExtensions, rule: 'os_compute_api:extensions' },
  { method: 'get', path: '/v2.1/extensions/:id', handler: showExtension, rule: 'os_compute_api:extensions' },
];
