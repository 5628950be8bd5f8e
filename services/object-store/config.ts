import { apiSettings } from '#shared/config/cloud.ts';
import { number, text } from '#shared/config/settings.ts';

export const section = {
  ...apiSettings,
  listen: text('8080', 'where the API answers'),
  maxFileBytes: number(5_368_709_122, 'the largest object; larger ones are made of segments'),
  patienceMs: number(500, 'how long a write that a quorum has waits for the other replicas'),
};
