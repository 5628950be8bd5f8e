/** The settings of this service. */
import { apiSettings } from '#shared/config/cloud.ts';
import { number, text, type ValuesOf } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8778', 'where the API answers'),
  database: text('', 'where its rows are; empty: as section cloud says'),
  candidates: number(1000, 'at most so many allocation candidates are answered'),
};

export type Config = ValuesOf<typeof section>;
