import { type Handler, ok, type Route } from '#shared/http/route.ts';
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

const singular = (collection: string) => collection.replace(/ies$/, 'y').replace(/s$/, '').replaceAll('-', '_');

/** Every collection that the routes list. */
export const showResources =
  (routes: () => readonly Route<Network>[]): Handler<Network> =>
  async (_network, { base }) => {
    const collections = routes().flatMap(({ method, path }) =>
      method === 'get' ? (path.match(collection)?.[1] ?? []) : [],
    );
    return ok({
      resources: collections.map((path) => ({
        name: singular(path),
        collection: path.replaceAll('-', '_'),
        links: self(`${base}/v2.0/${path}`),
      })),
    });
  };

const collection = /^\/v2\.0\/([\w-]+)$/;
