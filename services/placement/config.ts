/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8778', 'port, or address:port, of the API'),
  database: text('', 'URL of its database; empty: as set in section cloud'),
  candidates: number(1000, 'maximum number of allocation candidates in a response'),
};

export type Config = ValuesOf<typeof section>;
