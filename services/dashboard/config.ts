/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { list, number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8090', 'port, or address:port, of the page'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  network: text('', 'name of the network of a new machine; empty: the first one of its project, else a shared one'),
  networkCidr: text('192.168.77.0/24', 'subnet of the network that a project without one gets with its first machine'),
  nameservers: list([], 'name servers of that subnet; empty: those of the network hosts'),
  refreshMs: number(15_000, 'interval at which open pages are refreshed without a notification'),
  streamsPerSession: number(8, 'maximum number of open pages of a session that are kept up to date'),
};

export type Config = ValuesOf<typeof section>;
