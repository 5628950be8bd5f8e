/** The settings of this service. */
import { number, text } from '#shared/config/settings.ts';

export const section = {
  listen: text('8778', 'where the API answers'),
  database: text('', 'where its rows are; empty: as section cloud says'),
  candidates: number(1000, 'at most so many allocation candidates are answered'),
};

export type Config = { readonly [Name in keyof typeof section]: (typeof section)[Name]['fallback'] };
