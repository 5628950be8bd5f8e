import { type Handler, ok } from '#shared/http/route.ts';
import type { Network } from '../context.ts';
import { missing } from '../resources/values.ts';
import { extensions } from './known.ts';

const links: readonly object[] = [];

export const listExtensions: Handler<Network> = async () =>
  ok({ extensions: extensions.map((extension) => ({ ...extension, links })) });

export const showExtension: Handler<Network> = async (_network, { params }) => {
  const found = extensions.find(({ alias }) => alias === params.alias);
  if (!found) throw missing('ExtensionNotFound', `Extension with alias ${params.alias} does not exist`);
  return ok({ extension: { ...found, links } });
};

/** Clients that purge a project skip the network when this call fails. */
export const listServiceProviders: Handler<Network> = async () => ok({ service_providers: [] });

const self = (href: string) => [{ rel: 'self', href }];

export const showVersions: Handler<Network> = async (_network, { base }) =>
  ok({ versions: [{ id: 'v2.0', status: 'CURRENT', links: self(`${base}/v2.0/`) }] });

const resources = [
  ...['networks', 'subnets', 'subnetpools', 'ports', 'routers', 'floatingips', 'quotas', 'agents', 'extensions'],
  ...['security-groups', 'security-group-rules', 'availability_zones', 'network-ip-availabilities'],
];
const singular = (collection: string) => collection.replace(/ies$/, 'y').replace(/s$/, '').replaceAll('-', '_');

export const showResources: Handler<Network> = async (_network, { base }) =>
  ok({
    resources: resources.map((path) => ({
      name: singular(path),
      collection: path.replaceAll('-', '_'),
      links: self(`${base}/v2.0/${path}`),
    })),
  });
